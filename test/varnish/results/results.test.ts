import { readFileSync } from 'node:fs'
import { beforeAll, describe, expect, test } from 'vitest'
import { parseIp } from '../../../src/base/ip.ts'
import type { LoadedVcl } from '../../../src/vcl/runtime/context.ts'
import { bytesOf, FakeContext, load, run } from '../../kit/fake-context.ts'
import { expressions, REQUEST, rulesFor } from './generate.ts'
import { RECORD, type Result } from './record.ts'

/** Generated expressions, and what varnishd 7.1 made of each. */
const RESULTS = JSON.parse(readFileSync(RECORD, 'utf8')) as Result[]

/** Where we answer otherwise, and why. */
const DIFFERENT: Readonly<Record<string, { ours: string; why: string }>> = {
  '1000000.0 * 1000000.0': { ours: '1000000000000.000', why: 'Varnish 7 fails above twelve digits, 6 does not' },
  '999999999999999 * 2': { ours: 'FAIL', why: 'likewise above fifteen' },
}

const CHUNK = 100

describe('generated expressions come to what they come to in varnishd', () => {
  const loaded: LoadedVcl[] = []

  beforeAll(() => {
    for (let at = 0; at < RESULTS.length; at += CHUNK) loaded.push(load(rulesFor(RESULTS.slice(at, at + CHUNK).map(([one]) => one))))
  })

  function valueOf(i: number): string {
    const c = new FakeContext()
    c.req.url = `/${i % CHUNK}`
    c.client_ip = parseIp('127.0.0.1', 1234)!
    for (const [name, value] of Object.entries(REQUEST)) c.req.fields.append(name, value)
    run(loaded[Math.floor(i / CHUNK)], 'recv', c)
    return c.req.fields.get('r')?.slice(1, -1) ?? 'FAIL'
  }

  test('a thousand of them, of many kinds', () => {
    expect(RESULTS.length).toBeGreaterThan(1000)
    expect(new Set(RESULTS.map(([, text]) => text)).size).toBeGreaterThan(300)
  })

  test.each(RESULTS.map(([one, text], i) => ({ one, text, i })))('$one', ({ one, text, i }) => {
    // There is no negative zero.
    expect(valueOf(i)).toBe(DIFFERENT[one]?.ours ?? text.replace(/-0\.000(?![0-9])/g, '0.000'))
  })

  test('the generator is deterministic', () => {
    expect(expressions(1, 30)).toEqual(expressions(1, 30))
    expect(bytesOf(expressions(1, 30).join())).not.toBe(bytesOf(expressions(2, 30).join()))
  })
})
