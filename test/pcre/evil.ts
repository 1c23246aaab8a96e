/** Subjects of 64 KiB that patterns are slow on which divide them in many ways. */
export const LENGTH = 65_536

const a = `${'a'.repeat(LENGTH - 1)}!`
const aA = `${'aA'.repeat(LENGTH / 2 - 1)}!`
const ab = `${'ab'.repeat(LENGTH / 2 - 1)}!`

export const EVIL: readonly (readonly [pattern: string, subject: string])[] = [
  // Exponential, and V8's linear engine takes them.
  ['^(a+)+$', a],
  ['(?i)^(a+)+$', aA],
  ['^(a|a)*$', a],
  ['(?i)^(a|A|[a-z])*$', aA],
  ['^(a|aa)+$', a],
  ['^([a-zA-Z]+)*$', aA],
  ['(.*a){12}$', a],
  ['^(([a-z])+.)+[A-Z]([a-z])+$', a],
  ['(?i)(x+x+)+y', 'xX'.repeat(LENGTH / 2)],
  ['^(\\w+\\s?)*$', `${'aaa '.repeat(LENGTH / 4)}!`],
  ['([a-z0-9]+\\.)*com$', 'aaa.'.repeat(LENGTH / 4)],
  // Square and cubic: V8 does not count these as backtracks.
  ['\\s+$', `${' '.repeat(LENGTH - 1)}x`],
  ['a*b', a],
  ['.*.*=.*', a],
  ['(.*)(.*)(.*)(.*)x$', a],
  ['<[^>]*>', '<'.repeat(LENGTH)],
  ['x(.*y)?', 'x'.repeat(LENGTH)],
  // Those that the linear engine does not take.
  ['^(?=a)(a+)+$', a],
  ['^(a+)+\\1$', a],
  ['(?!b)(a|a)*$', a],
  ['(?<!x)a*b', a],
  ['^(?>a|b)(\\w|\\d)*$', a],
  ['(/[a-z]+[a-z]+)*=(?!x)', '/aaaa'.repeat(LENGTH / 5)],
  ['(?i)(a|ab|b)*(?!x)z', ab],
  ['(a?){30}a{30}(?!x)', a],
  ['(a{1,200}){1,200}b', a],
  ['(?i)(.{1,1000}.{1,1000}){2}q', a],
  ['(\\w+)\\1\\1', ab],
  // Those that only our own matcher takes.
  ['(a*)*(?=b)', a],
  ['(a|(?1)b)*c', a],
  ['(\\((?:[^()]|(?R))*\\))', '('.repeat(LENGTH)],
  ['((?R)|a)*b', a],
  ['(?(?=a)(a+)+|b)!!', a],
  ['(a+)+\\Kb', a],
  ['(a|b|ab)*c$', `${'ab'.repeat(LENGTH / 2 - 1)}\n`],
  ['\\G(a+)+$', a],
]
