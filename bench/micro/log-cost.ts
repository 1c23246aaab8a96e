import { backendVcl } from '../../src/vcl/load.ts'
import { type Ready, ready, time } from './in-process.ts'

/**
 * What the log costs a hit of 1 KiB: everything suppressed (vsl_mask=all) against the default mask, in one process and in turn, without sockets, by the CPU's time. Counters
 * are on in both: they are additions. Target: at most 2.5 us more. Prints the best and the median of many rounds.
 *
 *   node bench/micro/log-cost.ts
 */
const ROUNDS = 41
const HITS = 10_000
const TARGET_NS = 2500
const REQUEST = Buffer.from(
  [
    'GET /hit HTTP/1.1',
    'Host: www.example.com',
    'User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36',
    'Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8',
    'Accept-Language: en-GB,en;q=0.5',
    '',
    '',
  ].join('\r\n'),
  'latin1',
)
/** The same as the client of the first request, who is to end. */
const LAST = Buffer.from(REQUEST.toString('latin1').replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'), 'latin1')

function measure(one: Ready, mask: string, into: number[]): void {
  one.mask(mask)
  // What a change of the mask made it forget is remembered again.
  for (let i = 0; i < 10; i++) one.hit()
  const before = process.cpuUsage()
  time(one, HITS)
  const { user, system } = process.cpuUsage(before)
  into.push(((user + system) * 1000) / HITS)
}

function line(name: string, rounds_ns: number[]): { best: number; median: number } {
  const sorted = rounds_ns.toSorted((a, b) => a - b)
  const [best, median] = [sorted[0], sorted[sorted.length >> 1]]
  console.log(`${name}: best ${best.toFixed(0)} ns, median ${median.toFixed(0)} ns`)
  return { best, median }
}

const one = await ready({ rules: (port) => backendVcl(`127.0.0.1:${port}`), stores: 1, request: LAST })
const [off, on]: number[][] = [[], []]
for (let round = 0; round < ROUNDS; round++) {
  measure(one, 'all', off)
  measure(one, 'default', on)
}
const [without, having] = [line('vsl_mask=all', off), line('vsl_mask=default', on)]
const more_ns = having.best - without.best
console.log(
  `the log costs ${more_ns.toFixed(0)} ns (medians: ${(having.median - without.median).toFixed(0)}); ${more_ns <= TARGET_NS ? 'within' : 'ABOVE'} ${TARGET_NS}`,
)
await one.stop()
