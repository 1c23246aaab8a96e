import type { Transport } from './transport.ts'

/**
 * Watches a client take its response: `idle_send_timeout` without progress, `send_timeout` for the whole of it. Progress is
 * seen by looking four times per idle time at what the kernel has not taken yet.
 */
export class SendWatch {
  private active = false
  private begun_ms = 0
  private progress_ms = 0
  private check_ms = 0
  private unsent_bytes = 0

  /** A response begins. */
  begin(now_ms: number): void {
    this.begun_ms = now_ms
  }

  /** All is sent. */
  rest(): void {
    this.active = false
  }

  /** When to look again: Infinity if nothing waits. 0 ms is for ever. */
  nextCheck(transport: Transport, now_ms: number, idle_ms: number, total_ms: number): number {
    if (transport.flushed) {
      this.active = false
      return Infinity
    }
    if (!this.active) {
      this.active = true
      this.progress_ms = now_ms
      this.unsent_bytes = transport.unsent_bytes
      this.check_ms = idle_ms > 0 ? now_ms + idle_ms / 4 : Infinity
    }
    return total_ms > 0 ? Math.min(this.check_ms, this.begun_ms + total_ms) : this.check_ms
  }

  /** True if the client is too slow. */
  check(transport: Transport, now_ms: number, idle_ms: number, total_ms: number): boolean {
    if (!this.active || transport.flushed) return false
    const unsent_bytes = transport.unsent_bytes
    if (unsent_bytes !== this.unsent_bytes) {
      this.unsent_bytes = unsent_bytes
      this.progress_ms = now_ms
    }
    if (now_ms >= this.check_ms) this.check_ms = now_ms + idle_ms / 4
    const idle = idle_ms > 0 && now_ms - this.progress_ms >= idle_ms
    return idle || (total_ms > 0 && now_ms - this.begun_ms >= total_ms)
  }
}
