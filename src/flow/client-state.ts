import { createHash } from 'node:crypto'
import { NO_NUMBER } from '../base/digits.ts'
import type { Fields } from '../http/fields.ts'
import { RequestHead, ResponseHead } from '../http/message.ts'
import { TAG } from '../log/tags.ts'
import { FWD, type Forwarded, type Fwd } from '../policy/cache-status.ts'
import { acceptsGzip } from '../policy/coding.ts'
import { NO_DIRECTIVES, type RequestDirectives } from '../policy/directives.ts'
import type { StoredObject } from '../store/contract.ts'
import type { ClientContext, LoadedVcl, VclBackend, VclObject, VclStevedore } from '../vcl/runtime/context.ts'
import type { Recording } from '../vcl/runtime/portions.ts'
import type { ClientConnection, ConnectionFacts } from './client.ts'
import type { Environment } from './environment.ts'
import type { Fragment } from './filters/esi/fragment.ts'
import type { FilterCount } from './filters/filter-count.ts'
import { defaultRespFilters } from './filters/resp-filters.ts'
import { holdRules, releaseRules } from './hold.ts'
import { ObjectView } from './object-view.ts'
import type { PipeLog } from './pipe-log.ts'
import { type ContinuedBody, KeptBody } from './kept-body.ts'
import type { Search } from './search.ts'
import { TaskState } from './task-state.ts'

/**
 * A client request as rules see it. One instance is reused for many requests (see ClientTask), so every member is
 * set again in `beginState`.
 */
export abstract class ClientState extends TaskState implements ClientContext {
  connection!: ClientConnection
  /** Of the request that a pipe sends. */
  pipe_log: PipeLog | undefined
  req!: RequestHead
  /** The client has sent HEAD: it reads no body behind the head, whatever rules make of req.method (RFC 9112 section 6.3). */
  asked_head = false
  /** req as it was received, for std.rollback and restarts of it; only when the rules use it. */
  readonly original = new RequestHead()
  readonly resp = new ResponseHead()
  readonly bereq = new RequestHead()
  private readonly view: ObjectView
  object: StoredObject | undefined

  /** Why it is forwarded, if it is, by itself or together with others. */
  fwd: Fwd = FWD.bypass
  /** It has waited for another request's fetch. */
  collapsed = false
  /** What the fetch came to that brought the response; undefined for a hit, and where nobody in this worker knows. */
  came: Readonly<Forwarded> | undefined
  /** Of the response being delivered: cache-status.ts. */
  status_text = ''
  /** That behind the other field lines of ours, without the end of the last. */
  trace_text = ''
  status_ttl_s = NO_NUMBER
  /** Content-Length of a response to HEAD, -1 if it had none. */
  announced_bytes = -1
  head_tx_bytes = 0
  body_tx_bytes = 0
  /** Of what is streamed. */
  body_tx_pieces = 0
  /** Of filters that the body of the response goes through, where they have something to tell. */
  readonly filter_counts: FilterCount[] = []
  /** Content-Length as the log has it, -1: none. */
  logged_bytes = -1
  /** Of the response being delivered. */
  age_s = 0
  key = ''
  /** Other URLs may have the same response. */
  search: Search | undefined
  /** QUERY is to be answered by its content; the key without it. */
  querying = false
  base_key = ''
  /** The content, taken in; restarts keep it. */
  kept_body: KeptBody | ContinuedBody | undefined
  /** Of env.bodies. */
  kept_bytes = 0
  /** std.cache_req_body() has said that it is there. */
  private body_cached = false
  directives: RequestDirectives = NO_DIRECTIVES
  req_xid = 0
  restarts = 0
  /** By the rules of a label. */
  relabelled = false
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
  backend_hint: VclBackend | null | undefined
  bereq_backend: VclBackend | undefined
  bereq_connect_timeout_s = 0
  bereq_task_deadline_s = 0
  req_filters = ''
  resp_do_esi = false
  /** resp.filters as rules have set it. */
  filters_chosen: string | undefined
  /** Accept-Encoding as it was before it was made gzip or nothing. */
  offered: string | undefined
  /** How deep below the request that came from the client. */
  esi_level = 0
  /** Where what it brings goes, of one for an ESI include. */
  included: Fragment | undefined
  /** The request that came from the client, of one for an ESI include. */
  top: ClientState | undefined
  /** Of a top request: how many includes it has led to. */
  includes = 0

  constructor(env: Environment) {
    super(env, env.vcl)
    this.view = new ObjectView(env)
  }

  protected beginState(connection: ClientConnection, vcl: LoadedVcl = this.env.vcl): void {
    this.vcl = holdRules(vcl)
    this.connection = connection
    this.req = connection.req
    this.asked_head = this.req.method === 'HEAD'
    this.restarts = 0
    this.kept_body = undefined
    this.body_cached = false
    this.client_identity = undefined
    this.module_state = undefined
    this.relabelled = false
    this.includes = 0
  }

  /** The rules may end now, if they are old ones. A spare task keeps none. */
  protected endState(): void {
    this.object = undefined
    this.body_text = ''
    this.top = undefined
    this.included = undefined
    releaseRules(this.vcl)
    this.vcl = this.env.vcl
  }

  /** return (vcl(..)): by other rules from here on, and as the request came. */
  goBy(vcl: LoadedVcl): void {
    this.relabelled = true
    holdRules(vcl)
    releaseRules(this.vcl)
    this.vcl = vcl
    this.rollback()
  }

  invalidated({ head }: StoredObject): void {
    this.log.record(TAG.ExpBan, `${head.xid} banned lookup`)
  }

  /** What a restart sets back: everything but the request itself. */
  resetRules(): void {
    this.fwd = FWD.bypass
    this.collapsed = false
    this.came = undefined
    this.key = ''
    this.search = undefined
    this.querying = false
    this.base_key = ''
    this.body_text = ''
    this.ban_error = ''
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
    this.req_filters = ''
    this.offered = undefined
    this.req_esi = true
    this.req_trace = false
    this.resp_do_esi = false
    this.filters_chosen = undefined
    this.action_status = 0
    this.action_reason = undefined
    this.action_ttl = -1
  }

  abstract purgeHard(): number
  abstract purgeSoft(ttl_s: number, grace_s: number, keep_s: number): number

  get side(): 'client' | 'pipe' {
    return this.pipe_log === undefined ? 'client' : 'pipe'
  }
  get facts(): ConnectionFacts {
    return this.connection.facts
  }
  get req_top(): RequestHead {
    return this.top === undefined ? this.req : this.top.req
  }
  get req_top_time_s(): number {
    return (this.top ?? this).start_ms / 1000
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
  get can_gzip(): boolean {
    return acceptsGzip(this.env.policy, this.req.fields)
  }
  get resp_filters(): string {
    return this.filters_chosen ?? defaultRespFilters(this)
  }
  set resp_filters(names: string) {
    this.filters_chosen = names
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

  /** Pieces are separated by a byte that cannot occur in them, so that "ab"+"c" and "a"+"bc" differ. */
  hashData(text: string | undefined): void {
    this.key += (text ?? '') + '\0'
    this.log.record(TAG.Hash, text ?? '')
  }

  /** std.cache_req_body: a body that was taken in before vcl_recv. What has none is no larger than anything. */
  keepBody(limit_bytes: number): boolean {
    const { kept_body } = this
    if (this.connection.body === undefined) return true
    this.body_cached = kept_body instanceof KeptBody && kept_body.content.length <= limit_bytes
    return this.body_cached
  }

  get req_body(): Buffer | undefined {
    return this.body_cached && this.kept_body instanceof KeptBody ? this.kept_body.content : undefined
  }

  rollback(): void {
    this.module_state = undefined
    this.req.copyFrom(this.original)
  }

  get recording(): Recording {
    return this.log
  }

  fieldSet(fields: Fields, name: string, value: string): void {
    if (fields === this.req.fields) this.log.change(TAG.ReqHeader, name, value)
    else if (fields === this.resp.fields) this.log.change(TAG.RespHeader, name, value)
    else this.pipe_log?.log.change(TAG.BereqHeader, name, value)
  }

  fieldUnset(fields: Fields, name: string, value: string): void {
    if (fields === this.req.fields) this.log.change(TAG.ReqUnset, name, value)
    else if (fields === this.resp.fields) this.log.change(TAG.RespUnset, name, value)
    else this.pipe_log?.log.change(TAG.BereqUnset, name, value)
  }
}
