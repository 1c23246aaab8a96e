/** Rules that mean harm to whoever turns them into JavaScript: every name and text in them is something there. */

type Next = (n: number) => number

/** Words of JavaScript, and of objects; VCL names can hold '-', and no '_' or '$' at their beginning. */
const NAMES = (
  'constructor prototype toString valueOf hasOwnProperty eval arguments undefined NaN Infinity globalThis process require import export ' +
  'await yield let const class function return this super new delete typeof void with in of instanceof null async static enum ' +
  'runtime host at places failed default_backend backend0 declared0 acl0 matchAcl0 object0 re0 ip0 sub_x c r error chain0 isBackend ' +
  'x-y x--y a-b-c Math Function Object self window proto__ length name caller'
).split(' ')

/** Between the quotes of a "string"; long strings may hold all of it. */
const TEXTS = [
  '\\',
  '\\\\',
  "'",
  '`',
  '${process.exit(1)}',
  '`+process.exit(1)+`',
  '*/',
  '/*',
  '//',
  '-->',
  '<!--',
  '</script>',
  '\\u0022',
  '\\x22+process.exit(1)+\\x22',
  '\\n',
  '\\',
  '\xe2\x80\xa8',
  '\xe2\x80\xa9',
  '\x85',
  '\0',
  '\x7f',
  '\xff',
  '__proto__',
  'constructor',
  ');process.exit(1);(',
  '$&',
  '$1',
  '$`',
  '@',
  '$',
]
const LONG_TEXTS = [...TEXTS, '\n', '\r\n', '";process.exit(1);"', '"+process.exit(1)+"', '\n"\n', '\\"']

/** A rule file in which most is sound. */
export function hostileRules(next: Next): string {
  return new Author(next).file()
}

class Author {
  private readonly next: Next

  constructor(next: Next) {
    this.next = next
  }

  private one<T>(from: readonly T[]): T {
    return from[this.next(from.length)]
  }

  private name(): string {
    return this.one(NAMES) + (this.next(3) === 0 ? `-${this.one(NAMES)}` : '')
  }

  private string(): string {
    const text = Array.from({ length: 1 + this.next(3) }, () => this.one(this.next(2) === 0 ? TEXTS : NAMES)).join('')
    if (this.next(3) > 0) return `"${text.replaceAll(/[\r\n"]/g, '')}"`
    const long = (text + this.one(LONG_TEXTS)).replaceAll('"}', '')
    return this.next(2) === 0 ? `{"${long.replace(/"$/, '')}"}` : `"""${long.replaceAll('""', '').replace(/"$/, '')}"""`
  }

  private header(prefix: string): string {
    return this.next(4) > 0
      ? `${prefix}.http.${this.name()}`
      : `${prefix}.http."${this.one(['__proto__', '_x', '$x', "a'b", 'a`b', '0', '1x', 'a.b'])}"`
  }

  private comment(): string {
    return this.one(['', '', ' # */ `', ' // ${1} */', ' /* " \' ` ${} // */']) + this.one([' ', '\n'])
  }

  private text(): string {
    const parts = [this.string(), this.header('req'), 'req.url', 'client.ip', 'now', '1', '10s', `${this.header('req')}.lower()`]
    return Array.from({ length: 1 + this.next(3) }, (_, i) => (i === 0 ? this.one(parts.slice(0, 3)) : this.one(parts))).join(' + ')
  }

  private condition(): string {
    return this.one([
      () => `${this.header('req')} == ${this.string()}`,
      () => `${this.header('req')} ~ "${this.one(['a', '`', "'", '\\/\\*', '\\x2f', '[`$]', '\\$\\{x\\}', '\\\\'])}"`,
      () => this.header('req'),
      () => `!${this.header('req')} && req.restarts < ${this.next(5)}`,
      () => `std.integer(${this.text()}, 0) > 1`,
    ])()
  }

  private statement(depth: number): string {
    const block = (): string => (depth > 2 ? '' : this.statements(depth + 1))
    return this.one([
      () => `set ${this.header('req')} = ${this.text()};`,
      () => `unset ${this.header('req')};`,
      () => `if (${this.condition()}) { ${block()} } elseif (${this.condition()}) { ${block()} } else { ${block()} }`,
      () => `std.log(${this.text()});`,
      () => `set ${this.header('req')} = regsub(req.url, "a", ${this.string()});`,
      () => `if (client.ip ~ list) { return (synth(404, ${this.text()})); }`,
      () => `call helper;`,
      () => `set req.url = "/" + req.http.host;`,
      () => `return (synth(700 + req.restarts, ${this.text()}));`,
      () => `set req.backend_hint = other;`,
    ])()
  }

  private statements(depth: number): string {
    return Array.from({ length: this.next(5) }, () => this.statement(depth) + this.comment()).join('')
  }

  file(): string {
    const [sub, acl, backend, object] = [this.name(), this.name(), this.name(), this.name()].map((name, i) => `${name}-${i}`)
    const rename = (text: string): string =>
      text.replaceAll('call helper;', `call ${sub};`).replaceAll('~ list)', `~ ${acl})`).replaceAll('= other;', `= ${backend};`)
    return [
      'vcl 4.1;',
      'import std;',
      'import directors;',
      `backend default { .host = "127.0.0.1"; .host_header = ${this.string()}; }`,
      `backend ${backend} { .host = "127.0.0.2"; }`,
      `acl ${acl} +log { "192.0.2.0"/24; ! "192.0.2.7"; }`,
      `unused ${acl}; unused ${backend};`,
      `sub vcl_init { new ${object} = directors.round_robin(); ${object}.add_backend(${backend}); }`,
      `sub ${sub} { ${this.next(2) === 0 ? `std.log(${this.string()});` : `set req.http.${this.name()} = ${this.string()};`} }`,
      `unused ${sub};`,
      rename(`sub vcl_recv { ${this.statements(0)} set req.backend_hint = ${object}.backend(); }`),
      `sub vcl_synth { synthetic(${this.string()}); set resp.http.${this.name()} = ${this.string()}; return (deliver); }`,
    ].join('\n')
  }
}
