import { MAIN } from '../counters/counters.ts'
import { TAG } from '../log/tags.ts'
import type { Fields } from '../http/fields.ts'
import type { Busy, Waiter } from '../cache/busy.ts'
import type { Body, BodyReader, StoredObject } from '../store/contract.ts'
import { ClientState } from './client-state.ts'
import type { ClientConnection } from './client.ts'
import type { Environment } from './environment.ts'
import type { Fetch } from './fetch.ts'
import { invalidateStored } from './invalidate.ts'
import type { FetchOwner } from './recipients.ts'
import { run } from './steps.ts'
import { STEP, type Step } from './step.ts'

/** Where finished tasks go back to. */
export interface TaskPool {
  giveBack(task: ClientTask): void
}

/** One client request under way. Reused: nothing is allocated for a request that hits. */
export class ClientTask extends ClientState implements Waiter, FetchOwner {
  private readonly pool: TaskPool
  /** The right to fetch, while it is ours and the fetch has not begun. */
  busy: Busy | undefined
  /** What we are parked on. */
  private parked: Busy | undefined
  /** The fetch that was started for this request and has not answered yet. */
  fetch: Fetch | undefined
  /** Where the response being delivered comes from, if it was fetched for us. */
  private source: Fetch | undefined
  private reader: BodyReader | undefined
  private remaining_bytes = -1
  purging = false
  /** The response came around the store: its conditions and ranges were the origin's business. */
  passed = false
  /** The response was fetched for this request (not a hit, not collapsed). */
  fetched_by_us = false
  /** Content-Length of a response to HEAD, -1 if it had none. */
  announced_bytes = -1
  head_tx_bytes = 0
  body_tx_bytes = 0
  body_rx_bytes = 0
  private over = true
  private pumping = false

  constructor(env: Environment, pool: TaskPool) {
    super(env)
    this.pool = pool
  }

  /** A request has been read: runs it as far as it goes. */
  begin(connection: ClientConnection): void {
    const { env } = this
    env.clock.refresh()
    this.over = false
    this.head_tx_bytes = 0
    this.body_tx_bytes = 0
    this.body_rx_bytes = 0
    this.start_ms = this.last_ms = env.clock.wall_ms
    this.req_xid = env.log.nextXid()
    this.log = env.log.open(this.req_xid, 'client')
    this.beginState(connection)
    this.beginAgain()
    this.logRequest()
    connection.onClosed = this.onClosed
    run(this, STEP.recv)
  }

  /** Nothing of an earlier run through the rules is left but the request. */
  beginAgain(): void {
    this.passed = false
    this.fetched_by_us = false
    this.purging = false
    this.announced_bytes = -1
    this.resetRules()
  }

  /** The client left, and the task is free or busy with another. */
  get gone(): boolean {
    return this.over
  }

  /** Rules failed: 503 from vcl_synth. */
  failed(reason: string): Step {
    return this.refuse(503, reason)
  }

  refuse(status: number, reason: string): Step {
    this.action_status = status
    this.action_reason = reason
    return STEP.synth
  }

  park(busy: Busy): Step {
    const { env } = this
    env.counters[MAIN.busy_sleep]++
    this.parked = busy
    this.object = undefined
    env.cache.wait(busy, this)
    this.log.park()
    return STEP.wait
  }

  /** Waiter: the response will do for us. */
  attach(object: StoredObject): void {
    this.parked = undefined
    this.env.counters[MAIN.busy_wakeup]++
    this.take(object)
  }

  joined(): void {
    const { env, object } = this
    if (this.over || object === undefined) return
    env.counters[MAIN.busy_served]++
    env.counters[MAIN.cache_hit]++
    object.hits++
    this.logHit(object)
    run(this, STEP.hit)
  }

  /** Waiter: look up again. */
  released(): void {
    this.parked = undefined
    if (this.over) return
    this.env.counters[MAIN.busy_wakeup]++
    this.env.clock.refresh()
    run(this, STEP.lookup)
  }

  /** The response of our own fetch is about to be handed out: hold its first byte. */
  take(object: StoredObject): void {
    this.object = object
    this.releaseReader()
    if (object.body.whole === undefined) this.reader = object.body.read(0)
  }

  /** The response of our own fetch is there. */
  fetched(): void {
  /** Waiter: enough. It does not wait a second time, for the one of those who waited that came first. */
  gaveUp(): void {
    this.hash_ignore_busy = true
    this.released()
  }

    this.source = this.fetch
    this.fetch = undefined
    this.fetched_by_us = true
    this.timestamp('Fetch')
    if (this.over) return
    if (this.passed) invalidateStored(this)
    run(this, STEP.deliver)
  }

  /** Our fetch came to nothing that could be delivered. */
  notFetched(status: number, reason: string): void {
    this.fetch = undefined
    if (!this.over) run(this, this.refuse(status, reason))
  }

  /** A right to fetch that will not be used. */
  giveUpFetch(): void {
    const busy = this.busy
    if (busy === undefined) return
    this.busy = undefined
    this.env.cache.abandon(busy)
  }

  dropObject(): void {
    this.releaseReader()
    this.object = undefined
  }

  /** Sends `length_bytes` (-1: all) of the body from `skip_bytes` on, as fast as the client takes it and as it fills. */
  streamBody(body: Body, skip_bytes: number, length_bytes: number): void {
    if (skip_bytes > 0 || this.reader === undefined) {
      this.releaseReader()
      this.reader = body.read(skip_bytes)
    }
    this.remaining_bytes = length_bytes
    this.pump()
  }

  /** The connection is not to call us any more for this request. */
  leave(): void {
    this.releaseReader()
    this.connection.onClosed = undefined
      // The new one first: a body without readers may be given up.
      const reader = body.read(skip_bytes)
    this.connection.onDrain = undefined
  }

  /** Accounts the request and makes the task free for another. */
  finish(): void {
    if (this.over) return
    this.over = true
    const { env, log, connection } = this
    const counters = env.counters
    const head_rx_bytes = connection.head_bytes
    counters[MAIN.s_req_hdrbytes] += head_rx_bytes
    counters[MAIN.s_req_bodybytes] += this.body_rx_bytes
    counters[MAIN.s_resp_hdrbytes] += this.head_tx_bytes
    counters[MAIN.s_resp_bodybytes] += this.body_tx_bytes
    env.clock.refresh()
    this.timestamp('Resp')
    log.account(TAG.ReqAcct, head_rx_bytes, this.body_rx_bytes, this.head_tx_bytes, this.body_tx_bytes)
    log.end()
    this.object = undefined
    this.fetch = this.source = undefined
    this.body_text = ''
    this.pool.giveBack(this)
  }

  logHit(object: StoredObject): void {
    const { head } = object
    const left_s = (head.t_origin_ms + head.ttl_ms - this.env.clock.wall_ms) / 1000
    this.log.hit(head.xid, left_s, head.grace_ms / 1000, head.keep_ms / 1000)
  }

  informational(status: number, reason: string, fields: Fields): void {
    if (!this.over && this.connection.http11) this.connection.informational(status, reason, fields)
  }

  private logRequest(): void {
    const { log, req, connection } = this
    log.begin('req', connection.facts.xid, 'rxreq')
    log.timestamp('Start', this.start_ms, 0, 0)
    log.record(TAG.ReqStart, reqStart(connection))
    log.record(TAG.ReqMethod, req.method)
    log.record(TAG.ReqURL, req.url)
    log.record(TAG.ReqProtocol, req.proto)
    log.fields(TAG.ReqHeader, req.fields)
  }

  private releaseReader(): void {
    const reader = this.reader
    if (reader === undefined) return
    this.reader = undefined
    reader.onMore = undefined
    reader.release()
  }

  private readonly pump = (): void => {
    if (this.pumping) return
    this.pumping = true
    try {
      this.pumpAll()
    } finally {
      this.pumping = false
    }
  }

  private pumpAll(): void {
    const { connection } = this
    connection.onDrain = undefined
    for (let reader = this.reader; reader !== undefined; reader = this.reader) {
      const chunk = this.remaining_bytes === 0 ? undefined : this.cut(reader.next())
      if (chunk === undefined) return this.pause(reader)
      this.body_tx_bytes += chunk.length
      if (!connection.write(chunk)) {
        connection.onDrain = this.pump
        reader.onMore = undefined
        return
      }
    }
  }

  private cut(chunk: Buffer | undefined): Buffer | undefined {
    if (chunk === undefined || this.remaining_bytes < 0) return chunk
    const part = chunk.length > this.remaining_bytes ? chunk.subarray(0, this.remaining_bytes) : chunk
    this.remaining_bytes -= part.length
    return part
  }

  private pause(reader: BodyReader): void {
    const { connection } = this
    if (reader.failed || (reader.done && this.remaining_bytes > 0)) {
      this.leave()
      connection.abort('TX_ERROR')
      this.finish()
    } else if (reader.done || this.remaining_bytes === 0) {
      this.leave()
      connection.end()
    } else {
      reader.onMore = this.pump
      if (this.body_tx_bytes === 0) connection.headFirst()
      return
    }
    this.env.clock.refresh()
    this.finish()
  }

  /** The client went away. A fill goes on for others (rule 4 of coalescing); a pass ends with its client. */
  private readonly onClosed = (): void => {
    if (this.over) return
    if (this.parked !== undefined) this.parked.waiters.delete(this)
    this.parked = undefined
    this.giveUpFetch()
    const fetch = this.fetch ?? this.source
    this.leave()
    if (fetch !== undefined) fetch.clientLeft()
    this.finish()
  }
}

function reqStart(connection: ClientConnection): string {
  const { client_ip, socket_name } = connection.facts
  return `${client_ip.text} ${client_ip.port} ${socket_name}`
}
