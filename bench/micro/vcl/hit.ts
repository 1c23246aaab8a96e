import { readFileSync } from 'node:fs'
import { backendVcl } from '../../../src/vcl/load.ts'
import { crowd, headOf, visit, type Visit } from '../../load/visitors.ts'
import { ready, time } from '../in-process.ts'

/**
 * What rules cost: a hit on 1 KiB without its sockets, for a browser's request, with the 200 lines of shop.vcl and with none, in
 * turns in the same minute. First one request again and again, as a load generator sends it; then 40 browsers that ask for 100 pages each in an order of
 * their own, of which nearly none comes twice before a thousand others have.
 *
 *   node bench/micro/vcl/hit.ts [rules.vcl]
 */
const ROUNDS = 40
const HITS = 10_000

function bytesOf(one: Visit): Buffer {
  return Buffer.from(headOf(one, 'Connection: close'), 'latin1')
}

const path = process.argv[2] ?? new URL('shop.vcl', import.meta.url)
const shop = readFileSync(path, 'latin1')

async function compare(what: string, request: Buffer | readonly Buffer[]): Promise<void> {
  const bare = await ready({ rules: (port) => backendVcl(`127.0.0.1:${port}`), stores: 1, request })
  const ruled = await ready({ rules: (port) => shop.replaceAll('PORT', String(port)), stores: 1, request })
  const best = { without: Infinity, with: Infinity }
  for (let round = 0; round < ROUNDS; round++) {
    best.without = Math.min(best.without, time(bare, HITS))
    best.with = Math.min(best.with, time(ruled, HITS))
  }
  const added = (best.with - best.without).toFixed(0)
  console.log(
    `${what}: without rules ${best.without.toFixed(0)} ns, with ${best.with.toFixed(0)} ns: they add ${added} ns (best of ${ROUNDS} rounds)`,
  )
  await bare.stop()
  await ruled.stop()
}

await compare('one request', bytesOf(visit(0, 0)))
await compare('a crowd', crowd().map(bytesOf))
process.exit(0)
