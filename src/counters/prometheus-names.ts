import { splitInstance } from './backend-instance.ts'
import type { CounterClass, CounterRow } from './table.ts'

/**
 * Names in Prometheus, made by one rule from those of the table: lacquer_<class>_<counter>, with _total on counters and
 * _seconds on times. MAIN.client_req is lacquer_main_client_req_total, SMA.s0.g_bytes is lacquer_sma_g_bytes{store="s0"}.
 */
export function prometheusName(kind: CounterClass, name: string, row: CounterRow): string {
  const base = `lacquer_${kind.toLowerCase()}_${name}`
  if (row.format === 'duration') return `${base}_seconds`
  return row.type === 'counter' ? `${base}_total` : base
}

/** The labels that tell instances apart. */
export function prometheusLabels(kind: CounterClass): readonly string[] {
  return { MAIN: [], MGT: [], SMA: ['store'], SMF: ['store'], ARENA: ['store'], VBE: ['vcl', 'backend'] }[kind]
}

/** Of one of them: a backend is known by its rule set, too. */
export function prometheusValues(kind: CounterClass, instance: string): Record<string, string> {
  if (kind === 'VBE') return splitInstance(instance)
  return instance === '' ? {} : { store: instance }
}
