import { DEFAULT_BIAS } from './policies.ts'
import type { Policy } from './policies.ts'
import { replay } from './replay.ts'
import type { Ratios } from './replay.ts'
import type { Trace } from './trace.ts'

/** One policy over one trace at one capacity. */
export interface Result {
  readonly trace: string
  readonly share: number
  readonly capacity_bytes: number
  readonly policy: Policy
  readonly ratios: Ratios
}

export function measure(trace: Trace, shares: readonly number[], policies: readonly Policy[]): Result[] {
  return shares.flatMap((share) => {
    const capacity_bytes = Math.floor(trace.footprint_bytes * share)
    return policies.map((policy) => ({
      trace: trace.name,
      share,
      capacity_bytes,
      policy,
      ratios: replay(policy.make(trace, capacity_bytes), trace),
    }))
  })
}

const MIB = 2 ** 20

const COLUMNS = ['objects', 'bytes', 'rewritten', 'filled']
const WIDTHS = [9, 8, 11, 8]
const WIDTH = WIDTHS.reduce((sum, width) => sum + width)

/** A row for each policy, four columns for each capacity. */
export function table(results: readonly Result[]): string {
  const shares = [...new Set(results.map((result) => result.share))]
  const policies = [...new Set(results.map((result) => result.policy))]
  const width = 2 + Math.max(...policies.map((policy) => policy.name.length))
  const at = (share: number, policy: Policy): Result => results.find((one) => one.share === share && one.policy === policy) as Result
  const head = shares.map((share) =>
    `${percent(share)} % = ${(at(share, policies[0]).capacity_bytes / MIB).toFixed(0)} MiB`.padStart(WIDTH),
  )
  const rows = policies.map((policy) => `  ${policy.name}`.padEnd(width) + shares.map((share) => row(cells(at(share, policy)))).join(''))
  return [' '.repeat(width) + head.join(''), ' '.repeat(width) + row(COLUMNS).repeat(shares.length), ...rows].join('\n')
}

function row(texts: readonly string[]): string {
  return texts.map((text, i) => text.padStart(WIDTHS[i])).join('')
}

function cells({ ratios, capacity_bytes }: Result): string[] {
  const { objects, bytes, rewritten, live_bytes } = ratios
  const filled = live_bytes === undefined ? '' : (live_bytes / capacity_bytes).toFixed(2)
  return [percent(objects), percent(bytes), rewritten?.toFixed(2) ?? '', filled]
}

function percent(ratio: number): string {
  return (100 * ratio).toFixed(1)
}

export interface Difference {
  readonly points: number
  readonly where: string
}

/** How many points more some results have than another policy at the same place, the worst first. */
export function differences(results: readonly Result[], bias: number, other: string, of: 'objects' | 'bytes'): Difference[] {
  return results
    .filter((result) => result.policy.bias === bias)
    .flatMap((result) => {
      const beside = results.find((one) => one.trace === result.trace && one.share === result.share && one.policy.name === other)
      if (beside === undefined) return []
      const points = 100 * (result.ratios[of] - beside.ratios[of])
      return [{ points, where: `${result.trace}, ${percent(result.share)} %, ${result.policy.name}` }]
    })
    .sort((a, b) => a.points - b.points)
}

/** What was wanted, and what it is. */
export function summary(results: readonly Result[]): string {
  const rewritten = Math.max(...results.filter((result) => result.policy.bias !== undefined).map((result) => result.ratios.rewritten ?? 0))
  return [
    line('bias 0 beside S3-FIFO, object hits', differences(results, 0, 'S3-FIFO', 'objects'), -1),
    line('bias 0 beside S3-FIFO, byte hits', differences(results, 0, 'S3-FIFO', 'bytes'), -1),
    line(`bias ${DEFAULT_BIAS} beside LRU, object hits`, differences(results, DEFAULT_BIAS, 'LRU', 'objects'), 0),
    line(`bias ${DEFAULT_BIAS} beside LRU, byte hits`, differences(results, DEFAULT_BIAS, 'LRU', 'bytes')),
    line(`bias ${DEFAULT_BIAS} beside S3-FIFO, byte hits`, differences(results, DEFAULT_BIAS, 'S3-FIFO', 'bytes')),
    `  rewritten at most ${rewritten.toFixed(2)} of what was admitted (at most 1): ${rewritten <= 1 ? 'met' : 'MISSED'}`,
  ].join('\n')
}

function line(what: string, found: readonly Difference[], least?: number): string {
  if (found.length === 0) return `  ${what}: not measured`
  const mean = found.reduce((sum, one) => sum + one.points, 0) / found.length
  const [worst] = found
  const wanted = least === undefined ? '' : ` (at least ${least}): ${worst.points >= least ? 'met' : `MISSED by ${missed(found, least)}`}`
  return `  ${what}: ${signed(mean)} points on average, ${signed(worst.points)} at worst${wanted}; worst at ${worst.where}`
}

function missed(found: readonly Difference[], least: number): string {
  return `${found.filter((one) => one.points < least).length} of ${found.length}`
}

function signed(points: number): string {
  return `${points < 0 ? '' : '+'}${points.toFixed(1)}`
}
