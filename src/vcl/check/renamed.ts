/** What rules of Varnish 2 and 3 name, and what it is called since 4.0. */

export const RENAMED_SUBS: Readonly<Record<string, string>> = {
  vcl_fetch: 'since VCL 4.0 it is vcl_backend_response',
  vcl_error: 'since VCL 4.0 it is vcl_synth, or vcl_backend_error when a backend has failed',
  vcl_timeout: 'there is none since VCL 4.0',
  vcl_discard: 'there is none since VCL 4.0',
}

export const RENAMED_VARIABLES: Readonly<Record<string, string>> = {
  'req.request': 'since VCL 4.0 it is req.method',
  'bereq.request': 'since VCL 4.0 it is bereq.method',
  'req.backend': 'since VCL 4.0 it is req.backend_hint',
  'req.backend.healthy': 'use std.healthy(req.backend_hint)',
  'obj.response': 'since VCL 4.0 it is resp.reason in vcl_synth, beresp.reason in vcl_backend_error',
  'obj.cacheable': 'use obj.uncacheable, which says the opposite',
  'beresp.cacheable': 'use beresp.uncacheable, which says the opposite',
  'beresp.response': 'since VCL 4.0 it is beresp.reason',
  'resp.response': 'since VCL 4.0 it is resp.reason',
  'beresp.saintmode': 'import saintmode;',
  'client.port': 'use std.port(client.ip)',
  'server.port': 'use std.port(server.ip)',
  'req.grace.healthy': 'set req.grace when std.healthy(req.backend_hint)',
}
