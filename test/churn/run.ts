import { loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { churn, type ChurnReport } from './churn.ts'

/**
 * npm run churn: a store far too small for what is wanted of it, slow readers, purges and workers that die, every byte compared,
 * for as long as you like. Exits with 1 when anything was wrong.
 */
const { values } = parseArgs({
  allowNegative: true,
  options: {
    seconds: { type: 'string', default: '1800' },
    workers: { type: 'string', default: '2' },
    store: { type: 'string', default: '64' },
    file: { type: 'boolean', default: false },
    spare: { type: 'boolean', default: true },
    clients: { type: 'string', default: '48' },
    think: { type: 'string', default: '60' },
    'death-every': { type: 'string', default: '10' },
  },
})

/** The first third of the time is left out: heaps and the store fill. */
const WARM_UP = 1 / 3
const LATE_MS = 50

const report = await churn({
  seconds: Number(values.seconds),
  workers: Number(values.workers),
  store_mib: Number(values.store),
  file: values.file,
  spare: values.spare,
  clients: Number(values.clients),
  give_way: true,
  think_ms: Number(values.think),
  death_every_s: Number(values['death-every']),
  say: (line) => console.error(line),
})
console.log(told(report).join('\n'))
process.exit(report.tally.wrong.length + report.steady.wrong.length > 0 || report.replaced < report.deaths ? 1 : 0)

function told({ tally, objects, origin_requests, deaths, replaced, counts, complaints, rss_mib, steady }: ChurnReport): string[] {
  const { broken } = tally
  const warm = rss_mib.slice(Math.floor(rss_mib.length * WARM_UP))
  const per_minute = slope(warm) * 120
  return [
    `${values.seconds} s, ${values.workers} workers, store ${values.store} MiB, ${objects} objects in ${Number(values.store) * 20} MiB, ${values.clients} clients; load average ${loadavg()[0].toFixed(1)}`,
    `${tally.requests} requests: ${tally.whole} whole (${tally.ranges} ranges), ${(tally.bytes / 2 ** 30).toFixed(2)} GiB compared, ${origin_requests} of the origin, ${tally.purges} purges`,
    `${deaths} workers ended, ${replaced} served again`,
    `broken: ${broken.origin} by the origin, ${broken.death} by a death; ${tally.errors} error pages; ${tally.resent} sent again because a kept connection had ended`,
    `evicted ${counts['MAIN.n_lru_nuked']}, expired ${counts['MAIN.n_expired']}, hits ${counts['MAIN.cache_hit']}, misses ${counts['MAIN.cache_miss']}`,
    `RSS: ${warm[0]?.toFixed(0)} MiB after warm-up, ${warm.at(-1)?.toFixed(0)} at the end, most ${Math.max(...warm).toFixed(0)}; slope ${per_minute.toFixed(2)} MiB a minute`,
    `steady hits:    ${latencies(steady.hits_ms)}`,
    `bare responder: ${latencies(steady.control_ms)}`,
    ...complaints.slice(0, 10).map((line) => `operations log: ${line}`),
    `wrong: ${tally.wrong.length + steady.wrong.length}`,
    ...[...tally.wrong, ...steady.wrong].slice(0, 20).map((line) => `  ${line}`),
  ]
}

function latencies(ascending: readonly number[]): string {
  const at = (share: number): string => ascending[Math.min(ascending.length - 1, Math.floor(ascending.length * share))]?.toFixed(1) ?? '-'
  const late = ascending.filter((ms) => ms > LATE_MS).length
  return `${ascending.length}, median ${at(0.5)} ms, 99 % ${at(0.99)}, 99.9 % ${at(0.999)}, most ${at(1)}; above ${LATE_MS} ms: ${late}`
}

/** By least squares: per sample. */
function slope(samples: readonly number[]): number {
  const middle = (samples.length - 1) / 2
  const mean = samples.reduce((sum, one) => sum + one, 0) / samples.length
  let covariance = 0
  let variance = 0
  for (const [i, one] of samples.entries()) {
    covariance += (i - middle) * (one - mean)
    variance += (i - middle) ** 2
  }
  return covariance / variance
}
