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

/** The label that tells instances apart. */
export function prometheusLabel(kind: CounterClass): string | undefined {
  return { MAIN: undefined, SMA: 'store', SMF: 'store', ARENA: 'store', VBE: 'backend' }[kind]
}
