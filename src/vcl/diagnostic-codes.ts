/** One kind of complaint. */
export interface CodeRow {
  /** A kind that may be either depends on a parameter. */
  readonly severity: 'error' | 'warning' | 'either'
  readonly about: string
  /** Declarations behind `vcl 4.1;` and a backend: checking them yields this code. */
  readonly example: string
}

/** Kinds of complaints: names for programs, which stay. docs/reference/diagnostics.md is made from this. */
const TABLE = {
  syntax: {
    severity: 'error',
    about: 'The text is no VCL: something is missing, misspelt, never closed or where it cannot be; or an included file is not there',
    example: 'sub vcl_recv { set req.url = "/" }',
  },
  'unknown-name': {
    severity: 'error',
    about:
      'Nothing has this name: no variable, function, module, sub, backend, acl, attribute or action. The nearest known name is told, or what it has been called since VCL 4.0',
    example: 'sub vcl_recv { set req.ulr = "/"; }',
  },
  type: {
    severity: 'error',
    about: 'A value of this type cannot be used like this: an operator, an assignment or a condition wants another one',
    example: 'sub vcl_deliver { if (resp.status == "200") { return (deliver); } }',
  },
  argument: {
    severity: 'error',
    about: 'A function is called with too many, too few or other arguments than it takes',
    example: 'import std; sub vcl_recv { std.log(); }',
  },
  'not-here': {
    severity: 'error',
    about:
      'The variable, function or action exists, but not in each sub from which this one is reached. The hint lists where it would be legal',
    example: 'sub vcl_recv { set beresp.ttl = 1h; }',
  },
  duplicate: {
    severity: 'error',
    about: 'The name is taken, by another declaration or by the language',
    example: 'acl a { "10.0.0.0"/8; } sub a { } unused a;',
  },
  declaration: {
    severity: 'error',
    about: 'A backend, probe or acl is not sound: an attribute or an address is not what it has to be',
    example: 'backend other { .host = "http://example.com/"; } unused other;',
  },
  'no-backend': {
    severity: 'error',
    about: 'Rules have to declare at least one backend, or `backend default none;`',
    example: 'sub vcl_recv { return (synth(404)); }',
  },
  recursion: {
    severity: 'error',
    about: 'A sub calls itself, or another that calls it',
    example: 'sub a { call a; } sub vcl_recv { call a; }',
  },
  regex: {
    severity: 'error',
    about: 'The pattern is none, or asks PCRE2 for what is not done here (docs/vcl/patterns.md)',
    example: 'sub vcl_recv { if (req.url ~ "(") { return (pass); } }',
  },
  unused: {
    severity: 'either',
    about: 'Declared, and used nowhere. An error unless `vcc_err_unref` is off',
    example: 'acl a { "10.0.0.0"/8; }',
  },
  unsupported: {
    severity: 'error',
    about: 'Known as part of VCL, but nothing that Lacquer does (yet)',
    example: 'C{ int i; }C',
  },
  unreachable: {
    severity: 'warning',
    about: 'Nothing leads to this statement, or to this part of a sub: what stands before it always ends the sub',
    example: 'sub vcl_recv { return (hash); set req.url = "/"; }',
  },
  vary: {
    severity: 'warning',
    about: 'A response is made to vary by a field of which nearly every client has a value of his own, and no rule changes that field',
    example: 'sub vcl_backend_response { set beresp.http.Vary = "User-Agent"; }',
  },
  cookie: {
    severity: 'warning',
    about:
      'What belongs to one client may be stored, or answered from the cache: a ttl for responses with Set-Cookie; under `policy=varnish` also `return (hash)` in vcl_recv and `return (deliver)` in vcl_backend_response of rules that never look at Cookie or Set-Cookie, for they skip the built-in rules that would',
    example: 'sub vcl_backend_response { if (beresp.http.Set-Cookie) { set beresp.ttl = 1h; } }',
  },
  obsolete: {
    severity: 'warning',
    about: 'A form of older releases: it works, and there is a newer one',
    example: 'sub vcl_hit { return (fetch); }',
  },
  ignored: { severity: 'warning', about: 'Without effect', example: 'import std from "/usr/lib/libvmod_std.so";' },
} as const satisfies Record<string, CodeRow>

export type DiagnosticCode = keyof typeof TABLE

export const DIAGNOSTIC_CODES: Readonly<Record<DiagnosticCode, CodeRow>> = TABLE
