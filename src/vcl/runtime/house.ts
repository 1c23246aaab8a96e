import { SystemClock } from '../../base/clock.ts'
import type { VclHost } from './context.ts'

/** The context of vcl_init and vcl_fini: no request, no fetch; what they log goes to `lines`. */
export class HouseContext {
  readonly side = 'house'
  readonly server_hostname: string
  readonly server_identity: string
  readonly lines: string[] = []
  action_status = 0
  action_reason: string | undefined = undefined
  action_ttl = -1
  action_label = ''
  ban_error = ''
  module_state: Map<object, unknown> | undefined = undefined
  unsteady = false
  apart = false
  readonly head_changes = undefined
  private readonly host: VclHost

  constructor(host: VclHost) {
    this.host = host
    this.server_hostname = host.hostname
    this.server_identity = host.identity
  }

  /** Of vcl_init nothing is told: it is in no transaction. */
  vclTrace(): void {}

  now(): number {
    return new SystemClock().wall_ms / 1000
  }

  vclLog(text: string): void {
    this.note(text)
  }

  syslog(_priority: number, text: string): void {
    this.note(text)
    this.host.syslog?.(text)
  }

  timestamp(label: string): void {
    this.note(label)
  }

  vclError(text: string): void {
    this.note(text)
  }

  ban(expression: string | undefined): string | undefined {
    return this.host.ban(expression ?? '')
  }

  complaint(): string {
    return this.lines.at(-1) ?? 'return (fail)'
  }

  /** Bounded: rules may log in vcl_init, but nobody waits for a novel. */
  private note(text: string): void {
    if (this.lines.length < 100) this.lines.push(text.slice(0, 1000))
  }
}
