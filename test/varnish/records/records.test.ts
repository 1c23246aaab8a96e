import { beforeAll, describe, expect, test } from 'vitest'
import { startCache, type TestCache } from '../../kit/cache.ts'
import { Patience, Signal } from '../../kit/patience.ts'
import { DIFFERENT } from './different.ts'
import { scenariosIn } from './lines.ts'
import { play, startOrigin } from './play.ts'
import { MASK, recorded, rulesFor } from './record.ts'
import { SCENARIOS } from './scenarios.ts'

/**
 * The same conversations with varnishd 7.1 (recorded: node test/varnish/records/record.ts) and with us: the log says the same, transaction by
 * transaction, record by record, but for what different.ts lists.
 */
const THEIRS = recorded()
const OURS = new Map<string, readonly string[]>()

function isOver(cache: TestCache): boolean {
  const open = new Set<number>()
  for (const { tag, xid } of cache.log()) {
    if (tag === 'Begin') open.add(xid)
    if (tag === 'End') open.delete(xid)
  }
  return open.size === 0
}

beforeAll(async () => {
  const origin = await startOrigin()
  const params = { policy: 'varnish', vsl_version: '2', vsl_mask: MASK, feature: '+esi_disable_xml_check' }
  const cache = await startCache({ vcl: rulesFor(origin.port), params })
  const signal = new Signal(new Patience(30_000))
  await play(cache.port, async () => {
    const asking = setInterval(() => signal.fire(), 2)
    await signal.until(
      () => 'every transaction ends',
      () => isOver(cache),
    )
    clearInterval(asking)
    cache.advance(10)
  })
  const found = scenariosIn(cache.log())
  for (const [i, { name }] of SCENARIOS.entries()) OURS.set(name, found[i])
  await cache.close()
  origin.close()
}, 120_000)

/** Without what is known to differ. */
function common(name: string, lines: readonly string[], known = DIFFERENT): string[] {
  return lines.filter((line) => !known.some((row) => (row.scenario ?? name) === name && row.line.test(line)))
}

describe('the log says what varnishd’s says', () => {
  test.each(SCENARIOS.map(({ name }) => name))('%s', (name) => {
    expect(common(name, OURS.get(name) ?? [])).toEqual(common(name, THEIRS[name]))
  })
})

test.each(DIFFERENT)('without a row of what differs it would not: $why', (row) => {
  const others = DIFFERENT.filter((one) => one !== row)
  const differs = ({ name }: { name: string }): boolean =>
    common(name, OURS.get(name) ?? [], others).join('\n') !== common(name, THEIRS[name], others).join('\n')
  expect(SCENARIOS.some(differs)).toBe(true)
})
