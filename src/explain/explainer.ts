import { parseIp } from '../base/ip.ts'
import type { Environment } from '../flow/environment.ts'
import { Flow } from '../flow/flow.ts'
import { holdRules, releaseRules } from '../flow/hold.ts'
import type { Arrived } from '../flow/made-connection.ts'
import { type LogRecord, readRing } from '../log/reader.ts'
import { ownRing } from '../log/ring-writer.ts'
import { parseMask } from '../log/tags.ts'
import { TALLY } from '../log/tally.ts'
import { LogWriter } from '../log/writer.ts'
import type { LoadedVcl } from '../vcl/runtime/context.ts'
import type { TraceSink } from '../vcl/runtime/trace.ts'
import { ExplainConnection } from './connection.ts'
import type { Entry, ExplainedTransaction, Explanation, ExplainOrder, TracedRules } from './contract.ts'
import { MARK, Recorder } from './recorder.ts'

/** Of log records: what one request with its fetches and includes comes to. */
const RING_BYTES = 2 ** 20
const BUFFER_BYTES = 16 * 1024
const RECORD_BYTES_MAX = 4096
/** Requests of which something goes on: they are being told, or a fetch that began for them goes on for others. */
const UNFINISHED_MAX = 8
/** How long a fetch may go on behind the response and still be told to its end: a refresh in the background. */
const REST_MS = 2000

/** What of the worker it needs. */
export interface ExplainParts {
  readonly worker: number
  readonly env: Environment
  readonly at: Arrived
  /** The rule set as it runs, and the same once more, compiled to tell what it does. Throws when it is not there. */
  twin(rules: TracedRules, sink: TraceSink): { readonly of: LoadedVcl; readonly vcl: LoadedVcl }
}

/**
 * Takes single requests through, on the worker's own cache, stores and backends, by rules that tell what they do; all other requests go by the
 * rules that do not. An explained request has an environment of its own, which differs in three things: the rules, the log, which is a ring of its own, and a cache that is the
 * worker's with somebody looking on.
 */
export class Explainer {
  private readonly parts: ExplainParts
  private running = 0

  constructor(parts: ExplainParts) {
    this.parts = parts
  }

  async explain(order: ExplainOrder): Promise<Explanation> {
    if (this.running >= UNFINISHED_MAX) throw new Error('fetches of explained requests are still under way: try again when they have ended')
    const run = new ExplainedRun(this.parts, order)
    this.running++
    run.onOver = () => this.running--
    return await run.told()
  }
}

class ExplainedRun {
  onOver: () => void = () => {}
  private readonly parts: ExplainParts
  private readonly order: ExplainOrder
  private readonly recorder = new Recorder()
  private readonly ring = new ArrayBuffer(RING_BYTES)
  private readonly env: Environment
  /** The rules that run, and must stay while their twins do; and those. */
  private readonly held: { readonly of: LoadedVcl; readonly vcl: LoadedVcl }[] = []
  private readonly connection: ExplainConnection
  private readonly begun_ms = performance.now()
  private done = false
  private over = false
  private changed: () => void = () => {}

  constructor(parts: ExplainParts, order: ExplainOrder) {
    this.parts = parts
    this.order = order
    const { env, at } = parts
    const log = newLog(this.ring, env)
    this.connection = new ExplainConnection(order.head, parseIp(order.ip, 0) ?? parseIp('127.0.0.1', 0)!, at, log.nextXid(), env.params)
    const vcl = this.twin(order.rules)
    const labels = new Map([...env.labels, ...order.labels.map(([label, rules]) => [label, this.twin(rules)] as const)])
    this.connection.onOver = () => this.changed()
    const cache = this.recorder.watchCache(env.cache, () => env.clock.wall_ms)
    this.env = { ...env, vcl, labels, cache, log }
  }

  async told(): Promise<Explanation> {
    const { connection, env, order } = this
    for (const { of, vcl } of this.held) {
      holdRules(of)
      vcl.onIdle = () => this.idled()
    }
    try {
      env.clock.refresh()
      new Flow(env).request(connection)
      await this.until(() => connection.received.state !== 'waiting', order.patience_ms)
      if (connection.received.state !== 'waiting') await this.until(() => this.isIdle, REST_MS)
      return this.tell()
    } finally {
      this.done = true
      connection.leave()
      this.idled()
    }
  }

  private twin(rules: TracedRules): LoadedVcl {
    const pair = this.parts.twin(rules, this.recorder.sink(rules.image.trace ?? []))
    this.held.push(pair)
    return this.recorder.watch(pair.vcl)
  }

  private get isIdle(): boolean {
    return this.held.every(({ vcl }) => vcl.running === 0)
  }

  /** When nothing goes by the twins any more, the rules they are of may end. */
  private idled(): void {
    this.changed()
    if (!this.done || this.over || !this.isIdle) return
    this.over = true
    for (const { of } of this.held) releaseRules(of)
    this.onOver()
  }

  /** Resolves when it is so, or is not to be waited for any longer. */
  private async until(isSo: () => boolean, patience_ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const limit = setTimeout(resolve, patience_ms)
    this.changed = () => isSo() && resolve()
    this.changed()
    await promise
    clearTimeout(limit)
  }

  private tell(): Explanation {
    const { parts, recorder, connection, begun_ms, env } = this
    const { received } = connection
    return {
      worker: parts.worker,
      rules: env.vcl.name,
      policy: env.policy.name,
      request: this.order.head.slice(0, this.order.head.indexOf('\r\n')),
      outcome: { ...received, ms: performance.now() - begun_ms },
      transactions: transactionsOf(readRing(this.ring), recorder.entries),
      truncated: recorder.truncated || this.env.log.tally[TALLY.cycles] > 0,
    }
  }
}

/** A log of its own, whose ids are taken from the worker's: they are those of objects, too. */
function newLog(ring: ArrayBuffer, env: Environment): LogWriter {
  const options = { reclen_bytes: RECORD_BYTES_MAX, buffer_bytes: BUFFER_BYTES, mask: parseMask('none') }
  const log = new LogWriter(ownRing(ring, 3), options)
  log.nextXid = () => env.log.nextXid()
  return log
}

/** Records by transaction, in the order in which these began (that of the session itself is none), with what the marks among them stand for. */
function transactionsOf(records: Iterable<LogRecord>, entries: readonly Entry[]): ExplainedTransaction[] {
  const found = new Map<number, LogRecord[]>()
  for (const record of records) {
    const known = found.get(record.xid)
    if (known === undefined) found.set(record.xid, [record])
    else known.push(record)
  }
  const begun = [...found].filter(([, of]) => of.some(({ name }) => name === 'Begin'))
  return begun.map(([xid, of]) => transactionOf(xid, of, entries)).sort((a, b) => a.xid - b.xid)
}

function transactionOf(xid: number, records: readonly LogRecord[], entries: readonly Entry[]): ExplainedTransaction {
  const [kind, parent, reason] = (records.find(({ name }) => name === 'Begin')?.text ?? '').split(' ')
  const told = records.map(({ name, text }): Entry => {
    return name === 'Debug' && text.startsWith(MARK) ? entries[Number(text.slice(MARK.length))] : { is: 'record', tag: name, text }
  })
  return { xid, kind, parent: Number(parent), reason, entries: told, unfinished: records.at(-1)?.name !== 'End' }
}
