import { expect } from 'vitest'
import { startCache, type TestCache, type TestCacheOptions } from '../../kit/cache.ts'
import type { Client } from '../../kit/client.ts'
import type { Conversation } from '../../kit/conversation.ts'
import type { Exchange } from '../../kit/origin.ts'
import { vtc } from '../../kit/vtc.ts'

/**
 * What the log says of a conversation. Tags and their order are those that varnishd 7.1 writes for the same conversation
 * (`varnishlog -g request`), down to the fields that are Varnish's own (X-Varnish, Accept-Ranges) or ours (Cache-Status).
 */

/** Transactions that have ended but for sessions, oldest first, as "kind id: Tag text" lines; times and ports left out. */
export function transactions(v1: TestCache): string[][] {
  const known = new Map<number, string[]>()
  for (const { tag, xid, text } of v1.log()) {
    const lines = known.get(xid) ?? []
    lines.push(line(tag, text))
    known.set(xid, lines)
  }
  return [...known].toSorted(([a], [b]) => a - b).map(([, lines]) => lines)
}

function line(tag: string, text: string): string {
  if (tag === 'Timestamp') return `Timestamp ${text.split(':')[0]}`
  const visible = text
    .replaceAll('\r\n', '|')
    .replaceAll(/127\.0\.0\.1[ :]\d+/g, '127.0.0.1 PORT')
    .replace(/boundary=\w+/, 'boundary=X')
  if (tag === 'SessOpen') return `${tag} ${visible.replace(/ \d+$/, ' FD')}`
  if (tag === 'BackendOpen' || tag === 'BackendClose') return `${tag} ${visible.replace(/^\d+ /, 'FD ')}`
  return `${tag} ${visible}`.trimEnd()
}

export async function told(
  t: Conversation,
  options: TestCacheOptions,
  script: (c1: Client, v1: TestCache) => Promise<void>,
): Promise<string[][]> {
  const v1 = t.cache(await startCache(options))
  const c1 = await t.connect('c1', v1)
  await script(c1, v1)
  c1.close()
  await t.until('every transaction has ended', () => {
    const all = transactions(v1)
    return all.length > 0 && all.every((lines) => lines.at(-1) === 'End')
  })
  return transactions(v1)
}

/** An origin that answers everything in the same way. */
export function answering(t: Conversation, answer: (request: Exchange) => void) {
  return t.origin('s1', (s) => s.forever(async () => answer(await s.rx())))
}

export function lines(text: string): string[] {
  return text
    .trim()
    .split('\n')
    .map((one) => one.trim())
}

export const DATE = 'Date: Thu, 01 Jan 2026 00:00:00 GMT'
export const cacheable = (request: Exchange) => request.answer('hello', 'Cache-Control: max-age=10', DATE)
export const uncacheable = (request: Exchange) => request.answer('mine', 'Cache-Control: private', DATE)

export interface Scenario {
  readonly title: string
  readonly answer: (request: Exchange) => void
  readonly vcl?: string
  readonly say: (c1: Client, v1: TestCache, t: Conversation) => Promise<void>
  /** By the order of their ids: what each transaction of the last request says from its first sub on. */
  readonly told: readonly string[]
}

/** One conversation per scenario, held to what it is told. */
export function holdTo(scenarios: readonly Scenario[]): void {
  for (const { title, answer, vcl, say, told: expected } of scenarios) {
    vtc(title, async (t) => {
      const s1 = await answering(t, answer)
      const all = await told(t, { origin: s1, vcl: vcl ?? '' }, (c1, v1) => say(c1, v1, t))
      const last = all.findLastIndex((one) => one[0].endsWith('rxreq'))
      const said = all.slice(last).map((one) => fromSub(one))
      expect(said).toEqual(expected.map(lines))
    })
  }
}

/** From the first sub on. */
function fromSub(lines: string[]): string[] {
  const at = lines.findIndex((one) => one.startsWith('VCL_call'))
  return [lines[0], ...lines.slice(Math.max(1, at))]
}
