import type { CommonContext } from '../runtime/context.ts'
import type { VclRegex } from '../../pattern/regex.ts'
import { timeText } from '../runtime/values.ts'
import { define } from './define.ts'
import { TaskKept } from './task-state.ts'
import type { Vmod } from './vmod.ts'

type Text = string | undefined

/** The cookies of this task by name, in the order in which they came. */
const jar = new TaskKept(() => new Map<string, string>())

const SPACE = /[ \t\n\v\f\r]/

/** Takes "name=value; name=value": the last of a name counts, in the place of the first; empty ones are dropped. */
function parse(c: CommonContext, text: Text): void {
  if (text === undefined || text === '') return
  const cookies = jar.of(c)
  cookies.clear()
  let at = 0
  while (at < text.length) {
    while (at < text.length && SPACE.test(text[at])) at++
    const equals = text.indexOf('=', at)
    if (equals < 0) return
    const semicolon = text.indexOf(';', equals)
    const end = semicolon < 0 ? text.length : semicolon
    keep(cookies, text.slice(at, equals), text.slice(equals + 1, end))
    at = end + 1
  }
}

function keep(cookies: Map<string, string>, name: Text, value: Text): void {
  if (name === undefined || name === '' || value === undefined || value === '') return
  cookies.set(name, value)
}

/** Names from "a, b,c": blanks before a name do not count, those behind it do, as upstream. */
function namesOf(list: Text): Set<string> {
  const names = (list ?? '').split(',').map((name) => name.replace(/^[ \t\n\v\f\r]+/, ''))
  return new Set(names.filter((name) => name !== ''))
}

function drop(c: CommonContext, unwanted: (name: string) => boolean): void {
  const cookies = jar.peek(c)
  if (cookies === undefined) return
  for (const name of cookies.keys()) if (unwanted(name)) cookies.delete(name)
}

function filter(c: CommonContext, list: Text): void {
  const names = namesOf(list)
  drop(c, (name) => names.has(name))
}

function keepOnly(c: CommonContext, list: Text): void {
  const names = namesOf(list)
  drop(c, (name) => !names.has(name))
}

function getMatching(c: CommonContext, regex: VclRegex): Text {
  for (const [name, value] of jar.peek(c) ?? []) if (regex.test(name)) return value
  return undefined
}

function joined(c: CommonContext): string {
  let out = ''
  for (const [name, value] of jar.peek(c) ?? []) out += `${out === '' ? '' : ' '}${name}=${value};`
  return out
}

const named = (c: CommonContext, name: Text): Text => (name === undefined ? undefined : jar.peek(c)?.get(name))

/** The Cookie header as a set of names and values. */
export const cookie: Vmod = {
  name: 'cookie',
  doc:
    'The Cookie header as a set of names and values: parse it, change the set, write it back with get_string. The set belongs to the request with its ' +
    'restarts, or to the fetch with its retries.',
  functions: {
    clean: define('VOID', [], 'Forgets all cookies.', (c: CommonContext) => jar.peek(c)?.clear()),
    delete: define('VOID', ['STRING cookiename'], 'Forgets one.', (c: CommonContext, name: Text) => void jar.peek(c)?.delete(name ?? '')),
    filter: define('VOID', ['STRING filterstring'], 'Forgets those that are named: "a,b,c".', filter),
    filter_re: define('VOID', ['REGEX expression'], 'Forgets those whose name matches.', (c: CommonContext, regex: VclRegex) =>
      drop(c, (name) => regex.test(name)),
    ),
    filter_except: define('VOID', ['STRING filterstring'], 'Forgets all but those that are named. The old name of keep.', keepOnly),
    keep: define('VOID', ['STRING filterstring'], 'Forgets all but those that are named: "a,b,c".', keepOnly),
    keep_re: define('VOID', ['REGEX expression'], 'Forgets all but those whose name matches.', (c: CommonContext, regex: VclRegex) =>
      drop(c, (name) => !regex.test(name)),
    ),
    format_date: define(
      'STRING',
      ['TIME now', 'DURATION timedelta'],
      'The date so long after a time, for Expires of a cookie.',
      (_c: CommonContext, time: number, duration: number) => timeText(time + duration),
    ),
    format_rfc1123: define(
      'STRING',
      ['TIME time', 'DURATION duration'],
      'The old name of format_date.',
      (_c: CommonContext, time: number, duration: number) => timeText(time + duration),
    ),
    get: define('STRING', ['STRING cookiename'], 'The value of one; unset when there is none.', named),
    get_re: define('STRING', ['REGEX expression'], 'The value of the first whose name matches.', getMatching),
    get_string: define('STRING', [], 'All that are left, as a Cookie header: "a=1; b=2;". Empty when there are none.', joined),
    isset: define(
      'BOOL',
      ['STRING cookiename'],
      'Is there one of this name?',
      (c: CommonContext, name: Text) => named(c, name) !== undefined,
    ),
    parse: define(
      'VOID',
      ['STRING cookieheader'],
      'Takes a Cookie header in place of what was there; an empty one changes nothing.',
      parse,
    ),
    set: define(
      'VOID',
      ['STRING cookiename', 'STRING value'],
      'Sets one; an empty name or value changes nothing.',
      (c: CommonContext, name: Text, value: Text) => keep(jar.of(c), name, value),
    ),
  },
  unsupported: {},
}
