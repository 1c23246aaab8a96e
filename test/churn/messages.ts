/** What the processes of a churn say to each other. */

/** To the server. */
export type ServerOrder = { kind: 'kill'; slot: number } | { kind: 'stop' }

/** From the server. */
export type ServerNews =
  | { kind: 'ready'; port: number }
  | { kind: 'killed'; slot: number }
  | { kind: 'serves_again'; lines: number }
  | { kind: 'sample'; rss_mib: number }
  | { kind: 'counts'; counts: Record<string, number>; complaints: string[] }

/** From the client that is never slow: latencies in ms, each list ascending. */
export interface SteadyNews {
  /** Of hits. */
  readonly hits_ms: readonly number[]
  /** Of a bare responder on the same machine, asked in turn with the other. */
  readonly control_ms: readonly number[]
  /** Answers of the cache's, hits or not. */
  readonly answers: number
  readonly wrong: readonly string[]
}
