import { createHash } from 'node:crypto'
import type { Ip } from '../base/ip.ts'
import type { Fields } from '../http/fields.ts'
import { RequestHead, ResponseHead } from '../http/message.ts'
import type { Transaction } from '../log/writer.ts'
import { TAG } from '../log/tags.ts'
import { NO_DIRECTIVES, type RequestDirectives } from '../policy/directives.ts'
import type { StoredObject } from '../store/contract.ts'
import type { ClientContext, LoadedVcl, VclBackend, VclObject, VclStevedore } from '../vcl/runtime/context.ts'
import type { ClientConnection } from './client.ts'
import type { Environment } from './environment.ts'
import { ObjectView } from './object-view.ts'
import type { PipeLog } from './pipe-log.ts'
import { storageView } from './storage-view.ts'

/**
 * A client request as rules see it. One instance is reused for many requests (see ClientTask), so every member is
 * set again in `beginState`.
 */
export abstract class ClientState implements ClientContext {
  readonly env: Environment
  vcl: LoadedVcl
  connection!: ClientConnection
  log!: Transaction
  /** Of the request that a pipe sends. */
  pipe_log: PipeLog | undefined
  req!: RequestHead
  /** req as it was received, for std.rollback and restarts of it; only when the rules use it. */
  readonly original = new RequestHead()
  readonly resp = new ResponseHead()
  readonly bereq = new RequestHead()
  private readonly view: ObjectView
  object: StoredObject | undefined

  key = ''
  /** Text made by synthetic(). */
  body_text = ''
  directives: RequestDirectives = NO_DIRECTIVES
  start_ms = 0
  last_ms = 0
  req_xid = 0
  restarts = 0
  is_hitmiss = false
  is_hitpass = false
  hash_always_miss = false
  hash_ignore_busy = false
  hash_ignore_vary = false
  req_grace_s: number | undefined
  req_ttl_s: number | undefined
  req_esi = true
  req_trace = false
  req_storage: VclStevedore | undefined
  backend_hint: VclBackend | undefined
  bereq_backend: VclBackend | undefined
  bereq_connect_timeout_s = 0
  client_identity: string | undefined
  action_status = 0
  action_reason: string | undefined
  action_ttl = -1
  resp_do_esi = false
  resp_filters = ''
  readonly esi_level = 0
  readonly can_gzip = false

  constructor(env: Environment) {
    this.env = env
    this.vcl = env.vcl
    this.view = new ObjectView(env)
  }

  protected beginState(connection: ClientConnection): void {
    this.vcl = this.env.vcl
    this.connection = connection
    this.req = connection.req
    this.restarts = 0
    this.client_identity = undefined
    if (this.vcl.usage.rollback) this.original.copyFrom(this.req)
  }

  /** What a restart sets back: everything but the request itself. */
  resetRules(): void {
    this.key = ''
    this.body_text = ''
    this.object = undefined
    this.is_hitmiss = false
    this.is_hitpass = false
    this.hash_always_miss = false
    this.hash_ignore_busy = false
    this.hash_ignore_vary = false
    this.req_grace_s = undefined
    this.req_ttl_s = undefined
    this.req_storage = undefined
    this.backend_hint = undefined
    this.bereq_backend = undefined
    this.bereq_connect_timeout_s = 0
    this.req_esi = true
    this.req_trace = false
    this.resp_do_esi = false
    this.resp_filters = ''
    this.action_status = 0
    this.action_reason = undefined
    this.action_ttl = -1
  }

  get client_ip(): Ip {
    return this.connection.facts.client_ip
  }
  get server_ip(): Ip {
    return this.connection.facts.server_ip
  }
  get remote_ip(): Ip {
    return this.connection.facts.remote_ip
  }
  get local_ip(): Ip {
    return this.connection.facts.local_ip
  }
  get local_endpoint(): string {
    return this.connection.facts.endpoint
  }
  get local_socket(): string {
    return this.connection.facts.socket_name
  }
  get server_hostname(): string {
    return this.env.hostname
  }
  get server_identity(): string {
    return this.env.identity
  }
  get sess_xid(): number {
    return this.connection.facts.xid
  }
  get req_time_s(): number {
    return this.start_ms / 1000
  }
  get resp_time_s(): number {
    return this.env.clock.wall_ms / 1000
  }
  get req_hash(): Uint8Array {
    return createHash('sha256').update(this.key, 'latin1').digest()
  }
  get resp_is_streaming(): boolean {
    return this.object !== undefined && this.object.body.state === 'filling'
  }
  get obj(): VclObject {
    return this.view.of(this.object)
  }
  get sess_timeout_idle_s(): number {
    return this.connection.timeout_idle_ms / 1000
  }
  set sess_timeout_idle_s(seconds: number) {
    this.connection.timeout_idle_ms = seconds * 1000
  }
  get sess_timeout_linger_s(): number {
    return this.connection.timeout_linger_ms / 1000
  }
  set sess_timeout_linger_s(seconds: number) {
    this.connection.timeout_linger_ms = seconds * 1000
  }
  get sess_send_timeout_s(): number {
    return this.connection.send_timeout_ms / 1000
  }
  set sess_send_timeout_s(seconds: number) {
    this.connection.send_timeout_ms = seconds * 1000
  }
  get sess_idle_send_timeout_s(): number {
    return this.connection.idle_send_timeout_ms / 1000
  }
  set sess_idle_send_timeout_s(seconds: number) {
    this.connection.idle_send_timeout_ms = seconds * 1000
  }

  now(): number {
    return this.env.clock.wall_ms / 1000
  }

  /** Pieces are separated by a byte that cannot occur in them, so that "ab"+"c" and "a"+"bc" differ. */
  hashData(text: string | undefined): void {
    this.key += (text ?? '') + '\0'
  }

  synthetic(text: string): void {
    this.body_text = text
  }

  appendSynthetic(text: string): void {
    this.body_text += text
  }

  rollback(): void {
    this.req.copyFrom(this.original)
  }

  vclLog(text: string): void {
    this.log.record(TAG.VCL_Log, text)
  }

  syslog(_priority: number, text: string): void {
    this.env.operations.warn(text)
  }

  timestamp(label: string): void {
    const now_ms = this.env.clock.wall_ms
    this.log.timestamp(label, now_ms, now_ms - this.start_ms, now_ms - this.last_ms)
    this.last_ms = now_ms
  }

  vclError(text: string): void {
    this.log.record(TAG.VCL_Error, text)
    this.env.operations.error(`rules: ${text}`)
  }

  logAcl(name: string, matched: string | undefined): void {
    this.log.record(TAG.VCL_acl, matched === undefined ? `NO_MATCH ${name}` : `MATCH ${name} ${matched}`)
  }

  fieldSet(fields: Fields, name: string, value: string): void {
    if (fields === this.req.fields) this.log.field(TAG.ReqHeader, name, value)
    else if (fields === this.resp.fields) this.log.field(TAG.RespHeader, name, value)
    else this.pipe_log?.log.field(TAG.BereqHeader, name, value)
  }

  fieldUnset(fields: Fields, name: string, value: string): void {
    if (fields === this.req.fields) this.log.field(TAG.ReqUnset, name, value)
    else if (fields === this.resp.fields) this.log.field(TAG.RespUnset, name, value)
    else this.pipe_log?.log.field(TAG.BereqUnset, name, value)
  }

  storage(name: string): VclStevedore | undefined {
    return name === this.env.store.name ? storageView(this.env.store) : undefined
  }
}
