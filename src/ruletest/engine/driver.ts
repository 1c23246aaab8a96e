import type { LogRecord } from '../../log/reader.ts'
import { underWay } from '../../flow/filters/zlib.ts'
import { carryOut, type PurgeOrder } from '../../flow/purge-order.ts'
import type { RequestStep } from '../language/ast.ts'
import { Observation } from '../observation.ts'
import { FakeClient } from './client.ts'
import type { Engine } from './engine.ts'
import { traceOf, type TraceLine } from './trace.ts'

/** Turns of the event loop without anything happening: then nothing will. */
const IDLE_TURNS = 3
/** Other threads may be at work on a body: they are given so long to get on with it. */
const THREADS_QUIET_MS = 250
/** Housekeeping runs so often, in the time of a test; of long waits so many times. */
const UPKEEP_MS = 1000
const UPKEEPS_MAX = 1000
/** So long a request may wait for something that no origin has promised: busy_wait_timeout, and the like. */
const PATIENCE_MS = 600_000
/** A test that is still busy after this is stuck. */
const REAL_TIME_MAX_MS = 20_000
const EVENTS_MAX = 100_000

/** It would go on for ever. */
export class Stuck extends Error {}

/** A request of a test. */
export class Asked {
  readonly step: RequestStep
  readonly client: FakeClient
  readonly xid: number

  constructor(step: RequestStep, client: FakeClient, xid: number) {
    this.step = step
    this.client = client
    this.xid = xid
  }

  get answered(): boolean {
    return this.client.reply.state !== 'waiting'
  }
}

/** Makes things happen in an engine, in the order in which time has them. */
export class Driver {
  private readonly engine: Engine
  private readonly begun_ms = performance.now()
  private readonly asked: Asked[] = []
  private events = 0

  constructor(engine: Engine) {
    this.engine = engine
  }

  /** The request goes in, and as far as it goes without time passing. */
  async ask(step: RequestStep): Promise<Asked> {
    const { env, flow } = this.engine
    const session = env.log.nextXid()
    const client = new FakeClient(step, session, env.params)
    const { refusal } = client
    // Ids are given in their order: the request takes the next one.
    const asked = new Asked(step, client, session + 1)
    if (refusal !== undefined) throw new Stuck(`rules never see this request: it is refused with ${refusal.status}, ${refusal.reason}`)
    this.asked.push(asked)
    flow.request(client)
    await this.settle()
    return asked
  }

  /** Time passes until it is answered. */
  async answer({ client, step }: Asked): Promise<void> {
    const { calendar } = this.engine
    const give_up_ms = calendar.clock.mono_ms + PATIENCE_MS
    while (client.reply.state === 'waiting') {
      const next_ms = Math.min(calendar.next_ms, calendar.clock.mono_ms + UPKEEP_MS)
      if (calendar.next_ms === Infinity && next_ms > give_up_ms) throw new Stuck(`${step.method} ${step.url} is never answered`)
      await this.passUntil(next_ms)
    }
  }

  async wait(seconds: number): Promise<void> {
    const { calendar } = this.engine
    const end_ms = calendar.clock.mono_ms + seconds * 1000
    const step_ms = Math.max(UPKEEP_MS, (seconds * 1000) / UPKEEPS_MAX)
    while (calendar.clock.mono_ms < end_ms) {
      await this.passUntil(Math.min(end_ms, calendar.next_ms, calendar.clock.mono_ms + step_ms))
    }
  }

  /** What an operator asks for; an error when it cannot be done. */
  async order(order: PurgeOrder): Promise<void> {
    carryOut(this.engine.env, order)
    await this.settle()
  }

  observe(asked: Asked): Observation {
    const { engine } = this
    const { exchanges } = engine.origin
    const [records, xids] = recordsOf(engine.records, asked.xid)
    const [own, ownXids] = recordsOf(engine.records, asked.xid, INCLUDED)
    const numbers = new Set(records.filter(({ name }) => name === 'BackendOpen').map(({ text }) => Number(text.split(' ')[5])))
    const key = [...ownXids].map((xid) => engine.recorder.keys.get(xid)).findLast((text) => text !== undefined) ?? ''
    const fetched = exchanges.filter(({ number, xid }) => (xid === undefined ? numbers.has(number) : xids.has(xid)))
    return new Observation(
      {
        req: asked.client.req,
        reply: asked.client.reply,
        hash: key.split('\0').slice(0, -1),
        calls: engine.recorder.calls.filter(({ xid }) => ownXids.has(xid)).map(({ sub }) => sub),
        records: own,
        all_records: records,
        last: fetched.findLast(({ xid }) => xid === undefined || ownXids.has(xid)),
        exchanges: fetched,
      },
      exchanges,
    )
  }

  /** The statements that ran for it, in their order. */
  trace(asked: Asked): TraceLine[] {
    const { engine } = this
    const [, xids] = recordsOf(engine.records, asked.xid)
    return traceOf(
      engine.recorder.events.filter(({ xid }) => xids.has(xid)),
      engine.points,
    )
  }

  private async passUntil(mono_ms: number): Promise<void> {
    this.engine.calendar.advanceTo(mono_ms)
    this.engine.keepUp()
    await this.settle()
  }

  /** Everything that is due happens, and what follows from it. */
  private async settle(): Promise<void> {
    const { calendar } = this.engine
    for (let idle = 0; idle < IDLE_TURNS; idle++) {
      while (calendar.runDue()) {
        idle = 0
        this.count()
      }
      if (underWay.conversions + underWay.copies > 0 && (await this.threads())) idle = 0
      else await turn()
    }
  }

  /** Until something comes of what other threads do; false when nothing does. */
  private async threads(): Promise<boolean> {
    const { conversions, copies } = underWay
    const before = this.progress
    const end_ms = performance.now() + (copies > 0 ? REAL_TIME_MAX_MS : THREADS_QUIET_MS)
    while (performance.now() < end_ms) {
      await new Promise((resolve) => setTimeout(resolve, 1))
      if (this.progress !== before || underWay.conversions !== conversions || underWay.copies !== copies) return true
    }
    return false
  }

  /** Grows with whatever clients get and requests say. */
  private get progress(): number {
    return this.asked.reduce((sum, { client }) => sum + client.reply.body.length, this.engine.written)
  }

  private count(): void {
    if (++this.events > EVENTS_MAX) throw new Stuck(`more than ${EVENTS_MAX} events: the test does not come to an end`)
    if (performance.now() - this.begun_ms > REAL_TIME_MAX_MS) throw new Stuck(`not at its end after ${REAL_TIME_MAX_MS / 1000} seconds`)
  }
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

const INCLUDED = ' esi'

/**
 * Its records and those of its restarts and fetches, which links lead to, in the order in which they were written; and the ids of all these.
 * Links with that ending are not followed.
 */
function recordsOf(records: readonly LogRecord[], xid: number, but?: string): [LogRecord[], ReadonlySet<number>] {
  const xids = new Set([xid])
  // Who is linked to has the higher id, and is written later or earlier.
  for (let size = 0; size < xids.size;) {
    size = xids.size
    for (const { name, text, xid: from } of records) {
      if (name === 'Link' && xids.has(from) && (but === undefined || !text.endsWith(but))) xids.add(Number(text.split(' ')[1]))
    }
  }
  return [records.filter((record) => xids.has(record.xid)), xids]
}
