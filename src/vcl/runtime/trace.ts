import type { CommonContext } from './context.ts'

/** A statement of rules that were compiled with `trace`: for tests of rules, and for whoever explains a request. */
export interface TracePoint {
  /** As messages have it; `builtin.rfc9111.vcl` for the built-in rules. */
  readonly path: string
  /** The file's number, in the order in which they are read; the built-in rules come last. */
  readonly source: number
  readonly line: number
  readonly column: number
  /** The first line of the statement, without what stands around it. Bytes, as the file has them. */
  readonly text: string
  /** Its value is what the condition came to. */
  readonly condition: boolean
  /** The sub that it stands in. */
  readonly sub: string
  readonly builtin: boolean
}

/**
 * Told what rules do while they do it; given with the VclHost. A point is an index into VclImage.trace. Called synchronously, from the
 * middle of a request: it must not throw, and what it keeps is its own business to bound.
 */
export interface TraceSink {
  /** The statement is about to run. */
  step(c: CommonContext, point: number): void
  /** What a condition came to, what is hashed or said, or what a variable holds after it was set: undefined where it is unset. */
  value(c: CommonContext, point: number, value: unknown): void
}

/** What such rules tell the log: VCL_trace, each statement that is about to run. */
export function tracesIn(points: readonly TracePoint[]): TraceSink {
  return { step: (c, point) => c.vclTrace(points[point], point + 1), value: () => {} }
}

/** For rules that are traced and run where nobody listens. */
export const NO_TRACE: TraceSink = { step: () => {}, value: () => {} }

/** What traced code calls, by names of its own. */
export function tracer(sink: TraceSink = NO_TRACE) {
  return {
    traced: (c: CommonContext, point: number): void => sink.step(c, point),
    seen: <T>(c: CommonContext, point: number, value: T): T => {
      sink.value(c, point, value)
      return value
    },
    /** A condition behind the first: nothing says before that it is looked at. */
    judged: (c: CommonContext, point: number, judge: () => boolean): boolean => {
      sink.step(c, point)
      const value = judge()
      sink.value(c, point, value)
      return value
    },
    /** Reading a variable back must not fail what setting it did not. */
    readBack: (c: CommonContext, point: number, read: () => unknown): void => {
      let value: unknown
      try {
        value = read()
      } catch {
        return
      }
      sink.value(c, point, value)
    },
  }
}
