import type { HeadChanges, Recording } from './portions.ts'
import type { Ip } from '../../base/ip.ts'
import type { Fields } from '../../http/fields.ts'
import type { RequestHead, ResponseHead } from '../../http/message.ts'
import type { SharedTexts } from '../../shm/shared-texts.ts'
import type { TokenBuckets } from '../../shm/token-buckets.ts'
import type { DirectorFactory } from './directors.ts'
import type { TracePoint, TraceSink } from './trace.ts'

/**
 * What compiled rules see of the program. flow/ implements it: one ClientContext per request, one BackendContext
 * per fetch. Emitted code reaches everything through the single parameter `c`; the variable table
 * (vcl/check/variables.ts) maps each VCL variable to an expression over these members.
 * VCL types at run time: STRING string | undefined (unset), INT/REAL/BYTES number, DURATION number of seconds,
 * TIME number of epoch seconds, BOOL boolean, IP Ip, BACKEND Backend-like { name }, STEVEDORE { name, ... }.
 */

/** Return actions as small integers; 0 = the sub ended without a return (only builtin code may see that). */
export const ACTION = {
  none: 0,
  abandon: 1,
  deliver: 2,
  error: 3,
  fail: 4,
  fetch: 5,
  hash: 6,
  lookup: 7,
  ok: 8,
  pass: 9,
  pipe: 10,
  purge: 11,
  restart: 12,
  retry: 13,
  synth: 14,
  vcl: 15,
  miss: 16,
  merge: 17,
  obj_stale: 18,
  beresp: 19,
} as const
export type Action = (typeof ACTION)[keyof typeof ACTION]

export interface VclBackend {
  readonly name: string
  readonly healthy: boolean
  /** Its health for what this task is about, where that differs (saintmode), or depends on such backends (directors). */
  healthyFor?(c: CommonContext): boolean
  /** Epoch seconds of the last change of its health; undefined when there has been none. */
  readonly health_changed_s?: number
  /** A director's: the backend it chooses for this task, none of its directors. Undefined: none is healthy. */
  choose?(c: CommonContext): VclBackend | undefined
}

export interface VclStevedore {
  readonly name: string
  readonly free_space_bytes: number
  readonly used_space_bytes: number
  readonly happy: boolean
}

/** obj.* (vcl_hit, vcl_deliver). Durations in seconds. */
export interface VclObject {
  readonly head: ResponseHead
  readonly age_s: number
  readonly ttl_s: number
  readonly grace_s: number
  readonly keep_s: number
  readonly hits: number
  /** Epoch seconds of insertion. */
  readonly time_s: number
  readonly uncacheable: boolean
  /** It is delivered through ESI, unless rules say otherwise. */
  readonly can_esi: boolean
  readonly storage: VclStevedore
}

/** obj_stale.* (vcl_backend_refresh). */
export interface VclStale extends VclObject {
  /** Nothing has been said against it while the origin was asked. */
  readonly is_valid: boolean
}

/** Members both sides have. */
export interface CommonContext {
  /** What the PROXY header said besides addresses: its TLVs as they came. Undefined without. */
  readonly proxy_tlvs: Uint8Array | undefined
  /** Who asks: a request, a request on its way into a pipe, a fetch, or vcl_init and vcl_fini. */
  readonly side: 'client' | 'pipe' | 'backend' | 'house'
  readonly client_ip: Ip
  readonly server_ip: Ip
  readonly remote_ip: Ip
  readonly local_ip: Ip
  readonly local_endpoint: string
  readonly local_socket: string
  readonly server_hostname: string
  readonly server_identity: string
  client_identity: string | undefined
  /** The client's socket, for modules that set or ask options of it; -1: there is none any more. */
  readonly socket_fd: number
  readonly sess_xid: number
  /** Epoch seconds; the same value for the whole run of one sub. */
  now(): number
  /** Arguments of return(synth(..)) and return(error(..)), and of fail(..). */
  action_status: number
  action_reason: string | undefined
  /** Duration in seconds of return(pass(10s)) in vcl_backend_response, -1 if not given. */
  action_ttl: number
  /** Label of return(vcl(..)). */
  action_label: string
  /** std.log */
  vclLog(text: string): void
  /** VCL_trace: the statement of that number is about to run. */
  vclTrace(point: TracePoint, number: number): void
  /** std.syslog: to the operations log. priority as syslog. */
  syslog(priority: number, text: string): void
  /** std.timestamp */
  timestamp(label: string): void
  /** A failure at run time: a VCL_Error record, and a line for people. `where`: its place, of which the rules have a limited number. */
  vclError(text: string, where?: string): void
  /** What modules keep for this task (vmods/task-state.ts); gone with it, and with std.rollback. */
  module_state: Map<object, unknown> | undefined
  /** Set by vcl_recv and vcl_hash when what they do does not follow from the request's head alone (emit-steady.ts). */
  unsteady: boolean
  /** Set by them when it does not follow from the request's field lines, URL and the like (emit-portions.ts). */
  apart: boolean
  /** Where changes of the request's field lines are taken down, while a portion is learnt (portions.ts). */
  head_changes: HeadChanges | undefined
  /** VCL_acl, VCL_call, VCL_return records. */
  logAcl(name: string, matched: string | undefined): void
  /** Adds a ban; why it could not be, or undefined. */
  ban(expression: string | undefined): string | undefined
  /** What the last std.ban() of the task came to, "" for well. */
  ban_error: string
  storage(name: string): VclStevedore | undefined
  /** xkey.purge, xkey.softpurge: how many objects. */
  purgeTags(keys: string | undefined): number
  softPurgeTags(keys: string | undefined): number
  /** ReqHeader, BerespHeader...: rules have set a field line of that message. */
  fieldSet(fields: Fields, name: string, value: string): void
  /** ReqUnset, BerespUnset...: they are about to remove or replace one. */
  fieldUnset(fields: Fields, name: string, value: string): void
  /** LostHeader: there is no room for what they were to set, and they are about to fail. */
  fieldLost(name: string, value: string): void
}

export interface ClientContext extends CommonContext {
  /** Its log records, for whoever recalls what was written before; undefined: nothing is to be recalled. */
  readonly recording: Recording | undefined
  readonly req: RequestHead
  /** The client's, of a request for what its page includes (ESI). */
  readonly req_top: RequestHead
  readonly req_top_time_s: number
  /** Touching it on a hit materialises it from the object: see LoadedVcl.usage.respTouched. */
  readonly resp: ResponseHead
  /** vcl_pipe only. */
  readonly bereq: RequestHead
  readonly obj: VclObject
  /** Undefined: the default backend. Null: rules have set it to none, as a director without healthy backends yields. */
  backend_hint: VclBackend | null | undefined
  /** bereq.backend in vcl_pipe. */
  bereq_backend: VclBackend | undefined
  bereq_connect_timeout_s: number
  /** bereq.task_deadline: how long a pipe may last in all, 0 for ever. */
  bereq_task_deadline_s: number
  req_filters: string
  readonly restarts: number
  readonly esi_level: number
  readonly req_xid: number
  readonly req_time_s: number
  readonly is_hitmiss: boolean
  readonly is_hitpass: boolean
  hash_always_miss: boolean
  hash_ignore_busy: boolean
  hash_ignore_vary: boolean
  /** Seconds; undefined = unset (no limit). */
  req_grace_s: number | undefined
  req_ttl_s: number | undefined
  req_esi: boolean
  req_trace: boolean
  req_storage: VclStevedore | undefined
  readonly can_gzip: boolean
  /** lower-case hex is the caller's business: 32 bytes of digest. */
  readonly req_hash: Uint8Array
  readonly resp_is_streaming: boolean
  readonly resp_time_s: number
  resp_do_esi: boolean
  resp_filters: string
  sess_timeout_idle_s: number
  sess_timeout_linger_s: number
  sess_send_timeout_s: number
  sess_idle_send_timeout_s: number
  hashData(text: string | undefined): void
  /** std.cache_req_body: is the body here, and no larger? */
  keepBody(limit_bytes: number): boolean
  /** Undefined: it has none, or rules have not asked for it. */
  readonly req_body: Uint8Array | undefined
  /** purge.hard, purge.soft (in seconds, negative ones leave what there is): how many objects. */
  purgeHard(): number
  purgeSoft(ttl_s: number, grace_s: number, keep_s: number): number
  /** synthetic(..) and set/append resp.body. */
  synthetic(text: string): void
  appendSynthetic(text: string): void
  rollback(): void
}

export interface BackendContext extends CommonContext {
  readonly bereq: RequestHead
  readonly beresp: ResponseHead
  bereq_backend: VclBackend | undefined
  bereq_connect_timeout_s: number
  bereq_first_byte_timeout_s: number
  bereq_between_bytes_timeout_s: number
  readonly bereq_xid: number
  readonly bereq_time_s: number
  readonly bereq_retries: number
  readonly is_bgfetch: boolean
  readonly is_hitmiss: boolean
  readonly is_hitpass: boolean
  readonly bereq_uncacheable: boolean
  readonly bereq_hash: Uint8Array
  bereq_trace: boolean
  bereq_filters: string
  /** May a request be sent again by itself when an idle connection turns out to be closed? */
  retry_connect: boolean
  /** unset bereq.body */
  unsetBody(): void
  readonly beresp_age_s: number
  beresp_ttl_s: number
  beresp_grace_s: number
  beresp_keep_s: number
  /** Setting false has no effect once true (VCL). */
  beresp_uncacheable: boolean
  beresp_do_esi: boolean
  beresp_do_gzip: boolean
  beresp_do_recode: boolean
  beresp_do_gunzip: boolean
  beresp_do_stream: boolean
  beresp_filters: string
  readonly beresp_was_304: boolean
  readonly beresp_time_s: number
  beresp_storage: VclStevedore
  beresp_transit_buffer: number
  readonly beresp_backend: VclBackend | undefined
  readonly beresp_backend_ip: Ip | undefined
  synthetic(text: string): void
  appendSynthetic(text: string): void
  rollback(): void
  /** In vcl_backend_refresh: the stored response that a 304 has confirmed. */
  readonly obj_stale: VclStale
  /** std.rfc_ttl: beresp.ttl, grace and keep anew, from what the response says now. */
  judgeAgain(): void
}

export type ClientSub = (c: ClientContext) => Action
export type BackendSub = (c: BackendContext) => Action

/** A compiled rule set. */
export interface LoadedVcl {
  readonly name: string
  readonly subs: {
    recv: ClientSub
    pipe: ClientSub
    pass: ClientSub
    hash: ClientSub
    purge: ClientSub
    miss: ClientSub
    hit: ClientSub
    deliver: ClientSub
    synth: ClientSub
    backend_fetch: BackendSub
    backend_refresh: BackendSub
    backend_response: BackendSub
    backend_error: BackendSub
  }
  /** What vcl_init has made, in the order of the rules: directors and other objects. */
  readonly lend: () => readonly unknown[]
  /** vcl_init ran at load; call once when the last request that goes by them is over. */
  fini(): void
  /** Requests and fetches that go by them: flow/hold.ts. */
  running: number
  /** They have been discarded: called when the last of those is over. */
  onIdle: (() => void) | undefined
  /** The backend called "default", else the first declared. */
  readonly defaultBackend: VclBackend
  readonly usage: {
    /** Does vcl_deliver (with builtin) read or write any resp.* ? If not, hits use the object's ready-made head. */
    respTouched: boolean
    /** Is vcl_hit anything else than `return (deliver)`? Likewise others: a trivial sub is not called on the hit path. */
    trivialHit: boolean
    trivialDeliver: boolean
    /** vcl_hash is exactly the builtin one: url and Host (or server.ip). */
    builtinHash: boolean
    /** May what vcl_recv and vcl_hash have made of a request be recalled for the same one? It is worth it where they are not the built-in ones. */
    recalled: boolean
    /** Do rules have a vcl_backend_refresh, or one of its parts, of their own? If not, a 304 is merged without asking. */
    refreshes: boolean
    /** Does vcl_deliver read resp.http.X-Varnish? Only then there is one: see docs/decisions/0011. */
    xVarnish: boolean
    /** The most that std.cache_req_body is called with; 0: it is not called. */
    bodyBytes: number
    /** Is std.rollback used anywhere, or return (vcl(..))? Only then are originals kept. */
    rollback: boolean
    /** The request as it came is wanted once more: for that, or for what pages include. */
    pristine: boolean
  }
}

/** Where emitted code gets what lives outside the request: given by the worker at load. */
export interface VclHost {
  /** Makes the run-time backend of a declaration; called once per declaration at load. */
  backend(declaration: BackendDeclaration): VclBackend
  /** Makes directors. */
  readonly directors: DirectorFactory
  /** What rules of all workers share: token buckets, and variables that outlive a request. */
  readonly buckets: TokenBuckets
  readonly globals: SharedTexts
  /** Files for std.fileread and the like resolve against this directory when relative. */
  readonly vcl_path: readonly string[]
  readonly hostname: string
  readonly identity: string
  /** ban() in vcl_init. */
  ban(expression: string): string | undefined
  /** std.syslog() in vcl_init and vcl_fini. Only the host of one worker has it: all of them run these subs. */
  syslog?(text: string): void
  /** Current parameter value in VCL units (param.*). */
  param(name: string): number | string | boolean
  /** Is told what rules do that were compiled for it. */
  readonly trace?: TraceSink
}

/** A probe after checking, with its defaults (VCL-probe). */
export interface ProbeDeclaration {
  /** All that is sent; undefined: a GET of `url`. */
  readonly request: string | undefined
  readonly url: string
  readonly expected_response: number
  readonly timeout_s: number
  readonly interval_s: number
  /** Of the last `window` probes so many must have been good. */
  readonly window: number
  readonly threshold: number
  /** So many are taken for good at the beginning. */
  readonly initial: number
  /** The response is over when the backend has closed the connection. */
  readonly expect_close: boolean
}

/** A backend declaration after checking; durations in seconds, undefined = parameter default. */
export interface BackendDeclaration {
  name: string
  none: boolean
  host: string | undefined
  port: string | undefined
  path: string | undefined
  host_header: string | undefined
  connect_timeout_s: number | undefined
  first_byte_timeout_s: number | undefined
  between_bytes_timeout_s: number | undefined
  max_connections: number | undefined
  /** In base64: sent first on each new connection. */
  preamble: string | undefined
  /** The backend through which it is reached, by name, and where that is. */
  via: string | undefined
  through?: { readonly host: string | undefined; readonly port: string | undefined; readonly path: string | undefined }
  /** What that one is told of whom the connection is for; undefined: host_header or host. */
  authority: string | undefined
  wait_limit: number | undefined
  wait_timeout_s: number | undefined
  proxy_header: number | undefined
  /** How its health is probed; undefined: it is taken for healthy. */
  probe: ProbeDeclaration | undefined
  /** "https" when .host is written as a URL is not VCL: TLS is asked for with `.tls = true` (Lacquer's own attribute). */
  tls: boolean
}
