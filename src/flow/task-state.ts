import type { Ip } from '../base/ip.ts'
import type { Fields } from '../http/fields.ts'
import { TAG } from '../log/tags.ts'
import type { Transaction } from '../log/writer.ts'
import type { CommonContext, LoadedVcl, VclStevedore } from '../vcl/runtime/context.ts'
import type { HeadChanges } from '../vcl/runtime/portions.ts'
import type { TracePoint } from '../vcl/runtime/trace.ts'
import type { ConnectionFacts } from './client.ts'
import type { Environment } from './environment.ts'
import { purgeKeysIn, STALE_NOW } from './purges.ts'

/** What a client request and a fetch have in common for rules and log. */
export abstract class TaskState implements CommonContext {
  readonly env: Environment
  vcl: LoadedVcl
  log!: Transaction
  client_identity: string | undefined
  action_status = 0
  action_reason: string | undefined
  action_ttl = -1
  action_label = ''
  ban_error = ''
  module_state: Map<object, unknown> | undefined = undefined
  unsteady = false
  apart = false
  head_changes: HeadChanges | undefined = undefined
  /** The sub that runs, or ran last, has told of an error. */
  error_told = false
  /** Text made by synthetic(). */
  body_text = ''
  start_ms = 0
  last_ms = 0

  constructor(env: Environment, vcl: LoadedVcl) {
    this.env = env
    this.vcl = vcl
  }

  /** Of the connection that the request came by. */
  abstract readonly facts: ConnectionFacts
  abstract readonly side: CommonContext['side']
  abstract fieldSet(fields: Fields, name: string, value: string): void
  abstract fieldUnset(fields: Fields, name: string, value: string): void

  fieldLost(name: string, value: string): void {
    this.log.field(TAG.LostHeader, name, value)
  }

  get client_ip(): Ip {
    return this.facts.client_ip
  }
  get server_ip(): Ip {
    return this.facts.server_ip
  }
  get remote_ip(): Ip {
    return this.facts.remote_ip
  }
  get local_ip(): Ip {
    return this.facts.local_ip
  }
  get local_endpoint(): string {
    return this.facts.endpoint
  }
  get local_socket(): string {
    return this.facts.socket_name
  }
  get server_hostname(): string {
    return this.env.hostname
  }
  get server_identity(): string {
    return this.env.identity
  }
  get proxy_tlvs(): Uint8Array | undefined {
    return this.facts.proxy_tlvs
  }
  get socket_fd(): number {
    return this.facts.socket_fd
  }
  get sess_xid(): number {
    return this.facts.xid
  }

  now(): number {
    return this.env.clock.wall_ms / 1000
  }

  synthetic(text: string): void {
    this.body_text = text
  }

  appendSynthetic(text: string): void {
    this.body_text += text
  }

  vclLog(text: string): void {
    this.log.record(TAG.VCL_Log, text)
  }

  vclTrace({ source, line, column }: TracePoint, number: number): void {
    if (!this.log.masks(TAG.VCL_trace)) this.log.record(TAG.VCL_trace, `${this.vcl.name} ${number} ${source}.${line}.${column}`)
  }

  syslog(_priority: number, text: string): void {
    this.env.operations.warn(text)
  }

  timestamp(label: string): void {
    const now_ms = this.env.clock.wall_ms
    this.log.timestamp(label, now_ms, now_ms - this.start_ms, now_ms - this.last_ms)
    this.last_ms = now_ms
  }

  vclError(text: string, where = ''): void {
    this.error_told = true
    this.unsteady = true
    this.log.record(TAG.VCL_Error, text)
    this.env.ruleErrors.tell(text, where)
  }

  logAcl(name: string, matched: string | undefined): void {
    this.log.record(TAG.VCL_acl, matched === undefined ? `NO_MATCH ${name}` : `MATCH ${name} ${matched}`)
  }

  purgeTags(keys: string | undefined): number {
    return purgeKeysIn(this.env, keys)
  }

  softPurgeTags(keys: string | undefined): number {
    return purgeKeysIn(this.env, keys, STALE_NOW)
  }

  ban(expression: string | undefined): string | undefined {
    return this.env.bans.add(expression ?? '')
  }

  storage(name: string): VclStevedore | undefined {
    return this.env.storages.named(name)
  }
}
