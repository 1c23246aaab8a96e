import { BODY_MIN_BYTES_PER_S, deadlineAfter, LINGER_MAX_MS } from './limits.ts'
import { Phase } from './phase.ts'

/** What a connection waits for and until when, monotonic ms: one deadline per kind of waiting. */
export class Deadlines {
  private idle_due_ms = Infinity
  private head_due_ms = Infinity
  private body_due_ms = Infinity
  private linger_due_ms = Infinity

  idle(now_ms: number, timeout_idle_ms: number): void {
    this.idle_due_ms = deadlineAfter(now_ms, timeout_idle_ms)
  }

  head(now_ms: number, timeout_req_s: number): void {
    this.head_due_ms = deadlineAfter(now_ms, timeout_req_s * 1000)
  }

  body(now_ms: number, timeout_idle_ms: number): void {
    this.body_due_ms = deadlineAfter(now_ms, timeout_idle_ms)
  }

  /** Each byte buys a little time, up to a full timeout_idle: so a body may pause, but not drip. */
  bodyBytes(now_ms: number, timeout_idle_ms: number, size_bytes: number): void {
    const earned_ms = (size_bytes * 1000) / BODY_MIN_BYTES_PER_S
    this.body_due_ms = Math.min(this.body_due_ms + earned_ms, deadlineAfter(now_ms, timeout_idle_ms))
  }

  linger(now_ms: number): void {
    this.linger_due_ms = now_ms + LINGER_MAX_MS
  }

  /** The one that holds in a phase. */
  due(phase: Phase, head_begun: boolean, body_wanting: boolean): number {
    switch (phase) {
      case Phase.proxy:
        return this.head_due_ms
      case Phase.head:
        return head_begun ? this.head_due_ms : this.idle_due_ms
      case Phase.busy:
      case Phase.tail:
        return body_wanting ? this.body_due_ms : Infinity
      case Phase.linger:
        return this.linger_due_ms
      default:
        return Infinity
    }
  }
}
