import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { bytesOf, recv } from '../kit/fake-context.ts'

/** `[expression, text]`: what varnishd 7.1.1 makes of it in `set resp.http.r = "<" + (expression) + ">"`. */
const MEASURED = JSON.parse(readFileSync(new URL('./expressions.json', import.meta.url), 'utf8')) as [string, string][]

/** Where we answer otherwise, and why. */
const DIFFERENT: Readonly<Record<string, { ours: string; why: string }>> = {
  'std.querysort("/a?a=10&a=1&a=2&ab")': {
    ours: '/a?a=1&a=10&a=2&ab',
    why: 'a prefix sorts first, so that every order of parameters gives one URL',
  },
  'std.ip("1.2.3","0.0.0.0")': { ours: '0.0.0.0', why: 'inet_aton(3) spellings of addresses are not read' },
  'std.ip("1.2.3","0.0.0.0",resolve=false)': { ours: '0.0.0.0', why: 'likewise' },
  'std.ip("0x7f.1","0.0.0.0",resolve=false)': { ours: '0.0.0.0', why: 'likewise' },
  'std.ip("01.2.3.4","0.0.0.0",resolve=false)': { ours: '0.0.0.0', why: 'likewise: octal or decimal?' },
  'std.ip("fe80::1%eth0","0.0.0.0",resolve=false)': { ours: '0.0.0.0', why: 'zones mean nothing to an ACL' },
  'std.round(-0.4)': { ours: '0.000', why: 'no negative zero' },
}

function evaluate(expression: string): string | undefined {
  return recv(`set req.http.r = "<" + (${expression}) + ">";`).req.fields.get('r')
}

describe('expressions mean what varnishd 7.1.1 makes of them', () => {
  test.each(MEASURED.filter(([expression]) => DIFFERENT[expression] === undefined))('%s', (expression, text) => {
    expect(evaluate(expression)).toBe(`<${bytesOf(text)}>`)
  })
})

test.each(Object.entries(DIFFERENT))('%s differs on purpose', (expression, { ours }) => {
  expect(evaluate(expression)).toBe(`<${ours}>`)
})
