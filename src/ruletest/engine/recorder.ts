import type { Action, CommonContext, LoadedVcl } from '../../vcl/runtime/context.ts'
import type { TraceSink } from '../../vcl/runtime/trace.ts'

/** More than this of one test is not kept: it would not be read. */
const EVENTS_MAX = 50_000

/** A statement that ran, and what it came to. */
export interface TraceEvent {
  /** Of the request or the fetch. */
  readonly xid: number
  readonly point: number
  readonly values: unknown[]
}

/** Keeps what rules do, by the transactions of the log. */
export class Recorder {
  readonly events: TraceEvent[] = []
  readonly calls: { readonly xid: number; readonly sub: string }[] = []
  /** What each request gave to hash_data() in its last run. */
  readonly keys = new Map<number, string>()

  /** Points of statements that ran, vcl_init's included. */
  readonly ran = new Set<number>()

  /** For rules whose points begin there among all. */
  sink(first: number): TraceSink {
    return {
      step: (c, point) => this.step(c, first + point),
      value: (c, point, value) => this.value(c, first + point, value),
    }
  }

  private step(c: CommonContext, point: number): void {
    this.ran.add(point)
    if (this.events.length < EVENTS_MAX) this.events.push({ xid: xidOf(c), point, values: [] })
  }

  private value(c: CommonContext, point: number, value: unknown): void {
    if (this.events.length >= EVENTS_MAX) return
    const xid = xidOf(c)
    // What it called has run meanwhile.
    const event = this.events.findLast((candidate) => candidate.xid === xid && candidate.point === point)
    event?.values.push(value)
  }

  /** The same rules, with a look at what is called, and at the keys that are made. */
  watch(vcl: LoadedVcl): LoadedVcl {
    const subs = Object.fromEntries(Object.entries(vcl.subs).map(([name, sub]) => [name, this.watched(name, sub as Sub)]))
    return { ...vcl, subs: subs as unknown as LoadedVcl['subs'] }
  }

  private watched(name: string, sub: Sub): Sub {
    return (c) => {
      const xid = xidOf(c)
      if (this.calls.length < EVENTS_MAX) this.calls.push({ xid, sub: name })
      const action = sub(c)
      if (name === 'hash') this.keys.set(xid, (c as CommonContext & { key: string }).key)
      return action
    }
  }
}

type Sub = (c: CommonContext) => Action

function xidOf(c: CommonContext): number {
  if ('req_xid' in c) return c.req_xid as number
  return 'bereq_xid' in c ? (c.bereq_xid as number) : 0
}
