import type { Admin } from '../../shm/health.ts'
import type { Health } from './health.ts'
import type { Row, RuleHealth } from './rule-health.ts'
import { BITMAP_LETTERS, BITMAPS, bitmapText, type Bitmap } from './window.ts'

/** A line of backend.list: plain data. */
export interface BackendListed {
  /** "boot.default" */
  readonly name: string
  readonly type: 'backend'
  /** What an operator has said; of a backend without a probe, as Varnish shows it, "healthy" in place of "probe". */
  readonly admin: Admin
  /** Of the window, as "good/window"; 0/0 without a probe. */
  readonly good: number
  readonly window: number
  /** What the probe says: "healthy", too, without one. */
  readonly probe: 'healthy' | 'sick'
  /** What follows from both. */
  readonly health: 'healthy' | 'sick'
  /** Epoch seconds. */
  readonly last_change_s: number
  /** For -p; undefined without a probe. */
  readonly details: ProbeDetails | undefined
}

export interface ProbeDetails {
  readonly good: number
  readonly threshold: number
  readonly window: number
  /** Response time of good probes. */
  readonly average_s: number
  /** The newest probe in the lowest bit. */
  readonly bits: Readonly<Record<Bitmap, bigint>>
}

/** All backends that `matches`, in the order of rule sets and declarations. */
export function listBackends(health: Health, matches: (set: string, backend: string) => boolean = () => true): BackendListed[] {
  return health.all.flatMap((set) =>
    set.rows.flatMap((row) => (row.declared.none || !matches(set.name, row.declared.name) ? [] : [listed(set, row)])),
  )
}

function listed(set: RuleHealth, { i, declared, target }: Row): BackendListed {
  const { table } = set
  const window = target?.window
  const admin = table.admin(i)
  return {
    name: `${set.name}.${declared.name}`,
    type: 'backend',
    admin: admin === 'probe' && window === undefined ? 'healthy' : admin,
    good: window?.good ?? 0,
    window: window?.probe.window ?? 0,
    probe: window === undefined || window.healthy ? 'healthy' : 'sick',
    health: table.isHealthy(i) ? 'healthy' : 'sick',
    last_change_s: table.changed_s(i),
    details: window && {
      good: window.good,
      threshold: window.probe.threshold,
      window: window.probe.window,
      average_s: window.average_s,
      bits: { ...window.bits },
    },
  }
}

/** What backend.list -j -p says: bitmaps are numbers of 64 bits. */
export function detailJson({ good, threshold, window, bits }: ProbeDetails): string {
  const members = [...BITMAP_LETTERS.map((letter) => `"bits_${letter}": ${bits[letter]}`), `"good": ${good}`]
  return `{${[...members, `"threshold": ${threshold}`, `"window": ${window}`].join(', ')}}`
}

/** What backend.list -p says below a backend. Bitmaps without a bit are left out. */
export function detailLines({ good, threshold, window, average_s, bits }: ProbeDetails): string[] {
  const shown = BITMAP_LETTERS.filter((letter) => letter === 'H' || bits[letter] !== 0n)
  return [
    ` Current states  good: ${String(good).padStart(2)} threshold: ${String(threshold).padStart(2)} window: ${String(window).padStart(2)}`,
    `  Average response time of good probes: ${average_s.toFixed(6)}`,
    '  Oldest ================================================== Newest',
    ...shown.map((letter) => `  ${bitmapText(bits[letter], letter)} ${BITMAPS[letter]}`),
  ]
}
