import { performance } from 'node:perf_hooks'

/**
 * Time as everything below sees it. Both readings are cached for the current turn of the event loop by the worker
 * (a reading costs 60 to 140 ns here): call `refresh` at the start of each I/O event.
 */
export interface Clock {
  /** Wall clock, epoch milliseconds, fractional. */
  wall_ms: number
  /** Monotonic milliseconds, fractional. */
  mono_ms: number
  refresh(): void
}

/** How often the system's wall clock is looked at, and by how much it must differ from ours to be believed. */
const LOOK_MS = 1000
const STEP_MS = 20

/**
 * One reading gives both: the wall clock is the monotonic one from an origin on, which moves when somebody sets the system's. The global
 * `performance` is a getter, and its timeOrigin another: importing one and keeping the other makes a reading cost 36 ns, not 54.
 */
export class SystemClock implements Clock {
  wall_ms = 0
  mono_ms = 0
  private origin_ms = performance.timeOrigin
  private look_due_ms = 0
  private readonly look_ms: number
  private readonly systemWall_ms: () => number

  constructor(look_ms = LOOK_MS, systemWall_ms: () => number = Date.now) {
    this.look_ms = look_ms
    this.systemWall_ms = systemWall_ms
    this.refresh()
  }

  refresh(): void {
    const mono_ms = performance.now()
    this.mono_ms = mono_ms
    if (mono_ms >= this.look_due_ms) this.look(mono_ms)
    this.wall_ms = this.origin_ms + mono_ms
  }

  private look(mono_ms: number): void {
    this.look_due_ms = mono_ms + this.look_ms
    const found_ms = this.systemWall_ms() - mono_ms
    if (Math.abs(found_ms - this.origin_ms) > STEP_MS) this.origin_ms = found_ms
  }
}

/** A clock that tests set and advance. */
export class ManualClock implements Clock {
  wall_ms: number
  mono_ms = 0

  constructor(wall_ms = Date.UTC(2026, 0, 1)) {
    this.wall_ms = wall_ms
  }

  refresh(): void {}

  advance(ms: number): void {
    this.wall_ms += ms
    this.mono_ms += ms
  }
}
