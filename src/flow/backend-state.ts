import { createHash } from 'node:crypto'
import type { Ip } from '../base/ip.ts'
import type { Fields } from '../http/fields.ts'
import { RequestHead, ResponseHead } from '../http/message.ts'
import { TAG } from '../log/tags.ts'
import type { InitialAnswers } from '../policy/initial.ts'
import { Forwarded } from '../policy/cache-status.ts'
import type { Store } from '../store/contract.ts'
import type { BackendContext, LoadedVcl, VclBackend, VclStale, VclStevedore } from '../vcl/runtime/context.ts'
import type { ConnectionFacts } from './client.ts'
import type { Environment } from './environment.ts'
import { logVclTtl } from './fetch-log.ts'
import { holdRules } from './hold.ts'
import { ownPlace, type Place, type Search } from './search.ts'
import { TaskState } from './task-state.ts'

/** What a fetch keeps of the client request that caused it; the request itself may be over before the fetch is. */
export interface FetchOrigin {
  readonly facts: ConnectionFacts
  readonly client_identity: string | undefined
  readonly backend: VclBackend | undefined
  /** The host of what was asked for. */
  readonly host: string
  /** The key of its URL alone, where its content is part of the key; else ''. */
  readonly base_key: string
  readonly search: Search | undefined
  readonly is_hitmiss: boolean
  readonly is_hitpass: boolean
  /** Wanted as part of a page. */
  readonly is_fragment: boolean
  /** req.filters. */
  readonly filters: string
}

/** A fetch as rules see it. One object per fetch. */
export abstract class BackendState extends TaskState implements BackendContext {
  readonly side = 'backend'
  readonly key: string
  /** Where the response belongs, which is known when it is published. */
  place: Place
  readonly bereq = new RequestHead()
  beresp = new ResponseHead()
  protected readonly from: FetchOrigin

  bereq_backend: VclBackend | undefined
  bereq_xid: number
  bereq_retries = 0
  bereq_trace = false
  bereq_filters = ''
  retry_connect = true
  bereq_uncacheable = false
  bereq_time_s: number
  private ttl_s = 0
  private grace_s = 0
  private keep_s = 0
  /** Rules run: what they set of the response's life is told as they do. */
  telling = false
  beresp_age_s = 0
  beresp_time_s = 0
  beresp_do_esi = false
  beresp_do_gzip = false
  beresp_do_gunzip = false
  beresp_do_stream = true
  /** It may be had in other codings as well, where parameters name some. */
  beresp_do_recode = true
  /** As rules have set it. */
  private filters_chosen: string | undefined
  /** The 304 sets a cookie, and does not say that others may have it. */
  own_cookie = false
  beresp_was_304 = false
  /** While vcl_backend_refresh runs. */
  obj_stale!: VclStale
  /** What rules have chosen for this response. */
  protected storage_choice: VclStevedore | undefined
  beresp_transit_buffer: number
  beresp_backend: VclBackend | undefined
  beresp_backend_ip: Ip | undefined
  protected bodyUnset = false
  /** bereq as vcl_backend_fetch found it; only when the rules use it. */
  private original: RequestHead | undefined
  private uncacheable = false
  /** Set by rules; NaN: the backend's, else the parameter's. */
  protected connect_timeout_s = NaN
  protected first_byte_timeout_s = NaN
  protected between_bytes_timeout_s = NaN
  /** The last TTL record said so. */
  told_uncacheable = false
  /** The response is vcl_backend_error's. */
  made_here = false
  readonly forwarded = new Forwarded()
  /** While a connection is ours: the backend's name. */
  on_backend: string | undefined
  /** Of that connection. */
  descriptor = ''
  /** Of the response's body: how it is framed, once its head has come, and what of it has come. */
  expected_bytes = -1
  chunked = false
  body_calls = -1
  body_in_bytes = 0

  constructor(env: Environment, vcl: LoadedVcl, key: string, from: FetchOrigin) {
    super(env, holdRules(vcl))
    this.key = key
    this.place = ownPlace(key)
    this.from = from
    this.client_identity = from.client_identity
    this.bereq_backend = from.backend
    this.beresp_transit_buffer = env.params.transit_buffer
    this.start_ms = this.last_ms = env.clock.wall_ms
    this.bereq_xid = env.log.nextXid()
    this.bereq_time_s = this.start_ms / 1000
  }

  abstract readonly is_bgfetch: boolean
  abstract judgeAgain(): void
  /** Nothing more is to come out of the filters of the body. */
  abstract closeFilters(): void
  protected abstract defaultFilters(): string

  get beresp_filters(): string {
    return this.filters_chosen ?? this.defaultFilters()
  }
  set beresp_filters(names: string) {
    this.filters_chosen = names
  }

  get base_key(): string {
    return this.from.base_key
  }
  get host(): string {
    return this.from.host
  }
  get is_hitmiss(): boolean {
    return this.from.is_hitmiss
  }
  get is_fragment(): boolean {
    return this.from.is_fragment
  }
  get is_hitpass(): boolean {
    return this.from.is_hitpass
  }
  get beresp_ttl_s(): number {
    return this.ttl_s
  }
  set beresp_ttl_s(seconds: number) {
    this.ttl_s = seconds
    if (this.telling) logVclTtl(this)
  }
  get beresp_grace_s(): number {
    return this.grace_s
  }
  set beresp_grace_s(seconds: number) {
    this.grace_s = seconds
    if (this.telling) logVclTtl(this)
  }
  get beresp_keep_s(): number {
    return this.keep_s
  }
  set beresp_keep_s(seconds: number) {
    this.keep_s = seconds
    if (this.telling) logVclTtl(this)
  }
  /** Once true it stays true (vcl-var: beresp.uncacheable). */
  get beresp_uncacheable(): boolean {
    return this.uncacheable
  }
  set beresp_uncacheable(value: boolean) {
    if (!value || this.uncacheable) return
    this.uncacheable = true
    if (this.telling) logVclTtl(this)
  }
  get beresp_storage(): VclStevedore {
    return this.storage_choice ?? this.env.storages.first(this.key, this.uncacheable)
  }
  set beresp_storage(choice: VclStevedore) {
    this.storage_choice = choice
  }
  /** The store that is to have the response. */
  get into(): Store {
    return this.env.storages.chosen(this.key, this.storage_choice)
  }
  get bereq_connect_timeout_s(): number {
    return orDefault(this.connect_timeout_s, this.env.params.connect_timeout)
  }
  set bereq_connect_timeout_s(seconds: number) {
    this.connect_timeout_s = seconds
  }
  get bereq_first_byte_timeout_s(): number {
    return orDefault(this.first_byte_timeout_s, this.env.params.first_byte_timeout)
  }
  set bereq_first_byte_timeout_s(seconds: number) {
    this.first_byte_timeout_s = seconds
  }
  get bereq_between_bytes_timeout_s(): number {
    return orDefault(this.between_bytes_timeout_s, this.env.params.between_bytes_timeout)
  }
  set bereq_between_bytes_timeout_s(seconds: number) {
    this.between_bytes_timeout_s = seconds
  }
  get facts(): ConnectionFacts {
    return this.from.facts
  }
  /** For the PROXY header of backends that want one. */
  get client(): { ip: Ip; server: Ip } {
    return { ip: this.client_ip, server: this.server_ip }
  }
  get bereq_hash(): Uint8Array {
    return createHash('sha256').update(this.key, 'latin1').digest()
  }

  /** For a new response: as the request said, unless something else is known, and nothing chosen. */
  forgetUncacheable(uncacheable = this.bereq_uncacheable): void {
    this.beresp_do_stream = this.beresp_do_recode = true
    this.beresp_do_esi = this.beresp_do_gzip = this.beresp_do_gunzip = false
    this.filters_chosen = undefined
    this.storage_choice = undefined
    this.uncacheable = uncacheable
  }

  /** As vcl_backend_response finds them. */
  protected begin({ age_ms, ttl_ms, grace_ms, keep_ms }: InitialAnswers): void {
    this.beresp_age_s = age_ms / 1000
    this.beresp_ttl_s = ttl_ms / 1000
    this.beresp_grace_s = grace_ms / 1000
    this.beresp_keep_s = keep_ms / 1000
  }

  unsetBody(): void {
    this.bodyUnset = true
  }

  protected keepOriginal(): void {
    this.original = new RequestHead()
    this.original.copyFrom(this.bereq)
  }

  rollback(): void {
    this.module_state = undefined
    if (this.original !== undefined) this.bereq.copyFrom(this.original)
  }

  fieldSet(fields: Fields, name: string, value: string): void {
    this.log.field(fields === this.bereq.fields ? TAG.BereqHeader : TAG.BerespHeader, name, value)
  }

  fieldUnset(fields: Fields, name: string, value: string): void {
    this.log.field(fields === this.bereq.fields ? TAG.BereqUnset : TAG.BerespUnset, name, value)
  }

  /** A field of ours in the response. */
  protected addField(name: string, value: string): void {
    this.beresp.fields.append(name, value)
    this.fieldSet(this.beresp.fields, name, value)
  }

  protected addHost(host: string): void {
    this.bereq.fields.set('Host', host)
    this.fieldSet(this.bereq.fields, 'Host', host)
  }
}

function orDefault(value: number, fallback: number): number {
  return Number.isNaN(value) ? fallback : value
}
