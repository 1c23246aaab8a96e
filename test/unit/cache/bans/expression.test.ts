import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { isBanned } from '../../../../src/cache/bans/evaluate.ts'
import {
  asksRequest,
  asksTime,
  BanError,
  keptText,
  keptWords,
  parseBan,
  shownText,
  wordsOf,
} from '../../../../src/cache/bans/expression.ts'
import { Fields } from '../../../../src/http/fields.ts'
import { RequestHead } from '../../../../src/http/message.ts'
import type { ObjectHead } from '../../../../src/store/contract.ts'
import { objectHead } from '../../../kit/core.ts'

const NOW_MS = 1_700_000_000_000
const S = 1000

interface Answer {
  readonly text: string
  readonly banned?: boolean
  readonly error?: string
}

/**
 * What varnishd 7.1.1 says to each expression, given by std.ban(): refused and why, or whether it took out an object that was just made, with
 * status 200, ttl 100 s, grace 20 s, keep 30 s, X-A: one, X-Q: say "hi", and X-Empty where its URL begins with /e.
 */
const ANSWERS = JSON.parse(readFileSync(new URL('varnishd.json', import.meta.url), 'utf8')) as Answer[]

/** Where we answer otherwise. */
const DIFFERENT: Readonly<Record<string, string>> = {
  'obj.last_hit > 1s': 'of later editions',
  'req.http.host: == h': 'no field can have the name',
  'req.http. == x': 'no field can have the name',
  'req.http.a:b == c': 'no field can have the name',
  'req.http.a\\x == c': 'no field can have the name',
  'obj.http.x-a(1) == one': 'no field can have the name',
  'req.url == /a &&': 'says what is missing',
}

function request(url: string, ...lines: [string, string][]): RequestHead {
  const req = new RequestHead()
  req.url = url
  for (const [name, value] of lines) req.fields.append(name, value)
  return req
}

function object(lines: [string, string][], shape: Partial<ObjectHead> = {}): ObjectHead {
  const fields = new Fields()
  for (const [name, value] of lines) fields.append(name, value)
  return objectHead({ fields, t_origin_ms: NOW_MS - 10, ttl_ms: 100 * S, grace_ms: 20 * S, keep_ms: 30 * S, ...shape })
}

const LINES: [string, string][] = [
  ['X-A', 'one'],
  ['x-q', 'say "hi"'],
]

function ask(text: string, head = object(LINES), req = request('/a/x', ['Host', 'h.example']), lastHit_ms = 0): boolean {
  return isBanned(parseBan(wordsOf(text)), NOW_MS, { head, lastHit_ms }, req)
}

function errorOf(text: string): string {
  try {
    parseBan(wordsOf(text))
    return ''
  } catch (error) {
    if (error instanceof BanError) return error.message
    throw error
  }
}

describe('as varnishd 7.1', () => {
  const same = ANSWERS.filter(({ text }) => DIFFERENT[text] === undefined)

  test.each(same.filter(({ error }) => error === undefined))('$text: $banned', ({ text, banned }) => {
    const empty = text.includes('x-empty')
    const lines: [string, string][] = empty ? [...LINES, ['X-Empty', '']] : LINES
    expect(ask(text, object(lines), request(empty ? '/e' : '/a/x', ['Host', 'h.example']))).toBe(banned)
  })

  test.each(same.filter(({ error }) => error !== undefined))('refused: $text', ({ text, error = '' }) => {
    const [theirs] = /^Regex compile error: |^.*$/.exec(error) ?? ['']
    expect(errorOf(text).slice(0, theirs.length)).toBe(theirs.replace(/\.$/, errorOf(text)[theirs.length - 1]))
  })

  test('every difference is in the table', () => {
    const texts = new Set(ANSWERS.map(({ text }) => text))
    expect(Object.keys(DIFFERENT).filter((text) => !texts.has(text))).toEqual([])
  })
})

describe('what is refused, and why', () => {
  test.each([
    ['', 'No ban conditions found.'],
    ['req.url', 'Expected comparison operator after req.url.'],
    ['req.url ==', 'Expected second operand after ==.'],
    ['req.url == /a &&', 'No condition found after &&.'],
    ['req.ulr == /a', 'Unknown or unsupported field "req.ulr"; did you mean req.url?'],
    ['obj.http == 1', 'Unknown or unsupported field "obj.http"; did you mean obj.http.*?'],
    [
      'x == 1',
      'Unknown or unsupported field "x"; possible: req.url req.http.* obj.status obj.http.* obj.ttl obj.age obj.grace obj.keep obj.last_hit',
    ],
    ['obj.http. == 1', 'Missing header name: "obj.http."'],
    ['obj.http.a: == 1', 'No header can have this name: "obj.http.a:"'],
    ['obj.http.x == "a b"', 'Expected && between conditions, found "b""; quotes are taken as they are: match a blank by ~ and \\s'],
    ['req.url ~ (', 'Regex compile error: '],
    ['req.url ~ (?<=a+)b', 'Regex compile error: lookbehind of variable length'],
    ['obj.age > 10', 'expected duration <n.nn>[ms|s|m|h|d|w|y] got "10"'],
    [`req.url == ${'a'.repeat(8000)}`, 'An expression has 8000 characters at most, this one 8011.'],
    [Array(101).fill('obj.status == 200').join(' && '), 'More than 100 conditions.'],
    ['req.url == \0', 'A NUL cannot be matched.'],
  ])('%s', (text, message) => {
    expect(errorOf(text).slice(0, message.length)).toBe(message)
  })
})

describe('durations are those of the time the ban was given', () => {
  const head = object([], { t_origin_ms: NOW_MS - 40 * S })
  test.each([
    ['obj.ttl == 60s', true],
    ['obj.ttl != 1m', false],
    ['obj.ttl < 61s', true],
    ['obj.age == 40s', true],
    ['obj.age >= 40001ms', false],
    ['obj.last_hit == 40s', true],
  ])('%s: %s', (text, banned) => {
    expect(ask(text, head)).toBe(banned)
  })

  test('the last hit', () => {
    expect(ask('obj.last_hit > 5s', head, undefined, NOW_MS - 6 * S)).toBe(true)
    expect(ask('obj.last_hit > 5s', head, undefined, NOW_MS - 4 * S)).toBe(false)
  })
})

test('what asks for the request, and what for the time', () => {
  const both = (text: string): boolean[] => [asksRequest(wordsOf(text)), asksTime(wordsOf(text))]
  expect(both('obj.status == 200')).toEqual([false, false])
  expect(both('obj.status == req.url && obj.age > 1s')).toEqual([false, true])
  expect(both('obj.status == 200 && req.http.x ~ obj.age')).toEqual([true, false])
})

test('a command line gives words with blanks; they are kept and shown', () => {
  const words = ['obj.http.x-q', '==', 'say "hi"', '&&', 'obj.status', '==', '200']
  expect(keptWords(keptText(words))).toEqual(words)
  expect(shownText(words)).toBe('obj.http.x-q == "say \\"hi\\"" && obj.status == 200')
  expect(isBanned(parseBan(words), NOW_MS, { head: object(LINES), lastHit_ms: 0 }, undefined)).toBe(true)
})

test('what of a pattern is plain is matched without an engine, as the engine would', () => {
  for (const [pattern, subject] of [
    ['a/x', '/a/x'],
    ['^/a', '/a/x'],
    ['^a', '/a/x'],
    ['^', ''],
    ['A', '/a/x'],
    ['^/a/[a-z]$', '/a/x'],
    ['^/a/[a-z]$', '/b/x'],
    ['^/ab?/x', '/a/x'],
    ['^/ab*/x', '/a/x'],
    ['^/ab{0,1}/x', '/a/x'],
    ['^/a/y+|x', '/a/x'],
    ['^/a/x.?', '/a/x'],
    ['^/a/xx+', '/a/x'],
    ['^/a/x+', '/a/x'],
    ['^/a/x\\b', '/a/x'],
    ['^/c/(x)', '/a/x'],
  ] as const) {
    expect([pattern, ask(`req.url ~ ${pattern}`, undefined, request(subject))]).toEqual([pattern, new RegExp(pattern).test(subject)])
  }
})
