import { Dice } from '../compiler/generate.ts'

/** Expressions whose value is the same wherever and whenever they are computed, from a seed: typed, so that they mean something. */

/** What the request has. There is no X-Unset. */
export const REQUEST: Readonly<Record<string, string>> = {
  'X-Words': 'Hello, World',
  'X-Number': '42',
  'X-Negative': '-7',
  'X-Real': '3.14159',
  'X-Empty': '',
  'X-Cookie': 'a=1; b=22; session=abc; a=3',
  'X-Duration': '1.5h',
  'X-Size': '10K',
  'X-Path': '/a/b/../c.html?z=1&y=2&x&y=1',
  'X-Date': 'Sun, 06 Nov 1994 08:49:37 GMT',
  'X-Bytes': 'caf\u00e9 \u00fc',
}

const HEADERS = [...Object.keys(REQUEST), 'X-Unset'].map((name) => `req.http.${name}`)
const PATTERNS = [
  'l+',
  'o',
  '[aeiou]',
  '(\\w+)=(\\w+)',
  '^(.)(.*)$',
  '(?i)HELLO',
  '\\d+',
  '[^;]*',
  'x*',
  '(a)|(b)',
  '\\b',
  '^',
  '$',
  '(?=l)',
  '; ?',
  '\\.',
  '(b=)([^;]*)',
  'l(?!l)',
  '^/([^?]*)\\?(.*)$',
  '(.)\\1',
  '[[:upper:]]',
  '\\s+',
  '(?<=a)=',
  '(x)?y',
]
const REPLACEMENTS = ['', '-', '\\0\\0', '<\\1>', '\\2\\1', '\\\\', '$1', '\\9', 'a\\', '\\x', '&', '\\1\\1\\1']
const FORMATS = ['%Y-%m-%d', '%H:%M:%S', '%a %b %e', '%j %U %w', '%%', '%y%C', 'x', '', '%I %p', '%D %T %R', '%s', '%G-W%V-%u', '%n%t%h']
const TEXTS = [
  '""',
  '"a"',
  '"Hello"',
  '"abc abc"',
  '"42"',
  '" 42 "',
  '"-1"',
  '"0x10"',
  '"1.5"',
  '"1e3"',
  '"10s"',
  '"1.5h"',
  '"-2m"',
  '"10 s"',
  '"1d12h"',
  '"1K"',
  '"1.5MB"',
  '"10B"',
  '"7 KB"',
  '"true"',
  '"/x?b&a"',
  '"*.html"',
  '"caf\u00e9"',
  '"1000000000"',
  '"99999999999"',
  '{"a"b"}',
  '"a?b?c"',
]

export function expression(d: Dice, type: string, depth: number): string {
  const again = (of: string): string => expression(d, of, depth - 1)
  if (depth <= 0) return leaf(d, type)
  switch (type) {
    case 'STRING':
      return text(d, again)
    case 'INT':
      return number(d, again)
    case 'REAL':
      return real(d, again)
    case 'DURATION':
      return duration(d, again)
    case 'TIME':
      return time(d, again)
    case 'BYTES':
      return d.one([() => leaf(d, type), () => `(${again('BYTES')} + ${again('BYTES')})`, () => `std.bytes(${again('STRING')}, 1B)`])()
    default:
      return condition(d, again)
  }
}

type Again = (of: string) => string

function leaf(d: Dice, type: string): string {
  const leaves: Readonly<Record<string, () => string>> = {
    STRING: () => (d.chance(50) ? d.one(HEADERS) : d.one(TEXTS)),
    INT: () => d.one(['0', '1', '7', '-3', '42', '1000', '123456789', 'req.restarts', 'req.esi_level']),
    REAL: () => d.one(['0.0', '1.0', '2.5', '-0.5', '3.142', '1000.001', '0.001', '123456.789']),
    DURATION: () => d.one(['0s', '1s', '10ms', '1.5m', '2h', '1d', '1w', '1y', '-5s', '0.001s']),
    TIME: () => d.one(['std.time("1000000000", now)', 'std.time("1994-11-06T08:49:37", now)', 'std.time(req.http.X-Date, now)']),
    BYTES: () => d.one(['1KB', '1.5MB', '0B', '10B']).replace(/^(.*)$/, 'std.bytes("$1", 7B)'),
    BOOL: () => d.one(['true', 'false', 'req.hash_always_miss']),
  }
  return leaves[type]()
}

function text(d: Dice, again: Again): string {
  return d.one([
    () => d.one(HEADERS),
    () => d.one(TEXTS),
    () => `${again('STRING')} + ${again(d.one(['STRING', 'INT', 'REAL', 'DURATION', 'TIME', 'BOOL', 'BYTES']))}`,
    () => `${d.one(['regsub', 'regsuball'])}(${again('STRING')}, "${d.one(PATTERNS)}", "${d.one(REPLACEMENTS)}")`,
    () => `${d.one(['regsub', 'regsuball'])}(${again('STRING')}, "${d.one(PATTERNS)}", ${again('STRING')})`,
    () => `std.${d.one(['tolower', 'toupper', 'querysort'])}(${again('STRING')})`,
    () => `std.strstr(${again('STRING')}, ${again('STRING')})`,
    () => `std.strftime(${again('TIME')}, "${d.one(FORMATS)}")`,
    () => `${d.one(HEADERS)}.${d.one(['lower', 'upper'])}()`,
    () => `(${again(d.one(['INT', 'REAL', 'DURATION', 'TIME', 'BOOL', 'BYTES']))}) + ""`,
  ])()
}

function number(d: Dice, again: Again): string {
  return d.one([
    () => leaf(d, 'INT'),
    () => `(${again('INT')} ${d.one(['+', '-'])} ${again('INT')})`,
    () => `(${again('INT')} * ${d.one(['2', '-3', '10'])})`,
    () => `(${again('INT')} ${d.one(['/', '%'])} ${d.one(['2', '3', '-7', '10'])})`,
    () => `std.integer(${again('STRING')}, -1)`,
    () => `std.integer(real=${again('REAL')}, fallback=-1)`,
    () => `std.integer(duration=${again('DURATION')})`,
    () => `std.integer(bool=${again('BOOL')})`,
    () => `std.integer(time=${again('TIME')})`,
    () => `std.integer(bytes=${again('BYTES')})`.replace(/^.*$/, (whole) => (whole.includes('bytes=') ? leaf(d, 'INT') : whole)),
    () => `std.real2integer(${again('REAL')}, -1)`,
  ])()
}

function real(d: Dice, again: Again): string {
  return d.one([
    () => leaf(d, 'REAL'),
    () => `(${again('REAL')} ${d.one(['+', '-'])} ${again('REAL')})`,
    () => `(${again('REAL')} * ${d.one(['2', '0.5', '-1.5'])})`,
    () => `(${again('REAL')} / ${d.one(['2', '0.3', '-7'])})`,
    () => `std.real(${again('STRING')}, -1.0)`,
    () => `std.real(integer=${again('INT')})`,
    () => `std.real(duration=${again('DURATION')})`,
    () => `std.round(${again('REAL')})`,
    () => `std.time2real(${again('TIME')}, -1.0)`,
  ])()
}

function duration(d: Dice, again: Again): string {
  return d.one([
    () => leaf(d, 'DURATION'),
    () => `(${again('DURATION')} ${d.one(['+', '-'])} ${again('DURATION')})`,
    () => `(${again('DURATION')} ${d.one(['*', '/'])} ${d.one(['2', '1.5', '3', '-0.25'])})`,
    () => `(${again('TIME')} - ${again('TIME')})`,
    () => `std.duration(${again('STRING')}, -1s)`,
    () => `std.duration(real=${again('REAL')})`,
    () => `std.duration(integer=${again('INT')})`,
  ])()
}

function time(d: Dice, again: Again): string {
  return d.one([
    () => leaf(d, 'TIME'),
    () => `(${leaf(d, 'TIME')} ${d.one(['+', '-'])} ${again('DURATION')})`,
    () => `std.time(${again('STRING')}, ${leaf(d, 'TIME')})`,
    () => `std.time(integer=${d.one(['0', '1000', '1234567890'])})`,
    () => `std.time(real=${d.one(['0.5', '1000.001', '1234567890.9'])})`,
  ])()
}

function condition(d: Dice, again: Again): string {
  const ordered = d.one(['STRING', 'INT', 'REAL', 'DURATION', 'TIME'])
  return d.one([
    () => leaf(d, 'BOOL'),
    () => `(${again(ordered)} ${d.one(['==', '!=', '<', '>', '<=', '>='])} ${again(ordered)})`,
    () => `(${again('STRING')} ${d.one(['~', '!~'])} "${d.one(PATTERNS)}")`,
    () => `(${again('BOOL')} ${d.one(['&&', '||', '==', '!='])} ${again('BOOL')})`,
    () => `(!${again('BOOL')})`,
    () => `(${d.one(HEADERS)} && ${again('BOOL')})`,
    () => `(!${d.one(HEADERS)})`,
    () => `std.fnmatch(${d.one(['"*"', '"*.html"', '"[a-c]*"', '"?ello*"', '"/a/*"', '"*, World"'])}, ${d.one(HEADERS.slice(0, -1))})`,
  ])()
}

/** Different ones, of all types. */
export function expressions(seed: number, count: number): string[] {
  const d = new Dice(seed)
  const made = new Set<string>()
  while (made.size < count) made.add(expression(d, d.one(['STRING', 'STRING', 'INT', 'REAL', 'DURATION', 'TIME', 'BOOL', 'BYTES']), 3))
  return [...made]
}

/** Rules that answer /N with the value of the Nth, in brackets. */
export function rulesFor(list: readonly string[], from = 0): string {
  const branches = list.map((one, i) => `if (req.url == "/${from + i}") { set req.http.R = "<" + (${one}) + ">"; }`)
  return `vcl 4.1;\nimport std;\nbackend default none;\nsub vcl_recv {\n${branches.join('\n')}\nreturn (synth(200));\n}\nsub vcl_synth { set resp.http.R = req.http.R; return (deliver); }\n`
}
