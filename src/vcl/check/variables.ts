import { maskOf, type SubMask } from './subs.ts'
import type { VclType } from './types.ts'

/**
 * Every variable of VCL (trunk's rights): one table for the checker, the emitter and the
 * reference pages. Templates are JavaScript over the context `c` and the names of runtime/values.ts; `$` is the value
 * (evaluated once), `@` the name's dynamic part as a JavaScript string.
 */
export interface Variable {
  readonly name: string
  readonly type: VclType
  /** Declared for `vcl 4.0` only, or from `vcl 4.1` on. */
  readonly syntax: '<=4.0' | '>=4.1' | ''
  readonly read: SubMask
  readonly write: SubMask
  readonly unset: SubMask
  readonly get: string
  readonly set: string
  readonly clear: string
  /** The Fields of X.http.* */
  readonly fields: string
  /** What a STRING must be before it is set: 'line' no control bytes, 'word' also not empty and without blanks. */
  readonly guard: 'word' | 'line' | 'free'
  /** STRING that is never unset: concatenation and comparison need no test. */
  readonly defined: boolean
  /** May fail at run time (a place is kept for the message). */
  readonly fails: boolean
  /** How long the body is: what is set here is not heard, with a warning, as framing is the server's business (and an error from 8.0 on). */
  readonly framing: boolean
}

type Code = Partial<Omit<Variable, 'name' | 'type' | 'syntax' | 'read' | 'write' | 'unset'>>

function row(name: string, type: VclType, read: string, write: string, unset: string, code: Code): Variable {
  const [plain, syntax] = name.split(' ') as [string, '<=4.0' | '>=4.1' | undefined]
  const blank = {
    get: '',
    set: '',
    clear: '',
    fields: '',
    guard: 'line',
    defined: false,
    fails: false,
    framing: false,
  } as const
  return { ...blank, ...code, name: plain, type, syntax: syntax ?? '', read: maskOf(read), write: maskOf(write), unset: maskOf(unset) }
}

/** Plain member: read, and assigned where writable. */
function member(path: string, code: Code = {}): Code {
  return { get: path, set: `${path} = $`, ...code }
}

/** A duration that never goes below zero: set beresp.ttl = -1s reads back 0. */
function atLeastZero(path: string): Code {
  return { get: path, set: `${path} = notNegative($)` }
}

/** Durations that `unset` returns to their parameter. */
function parameterised(path: string, parameter: string): Code {
  return { ...atLeastZero(path), clear: `${path} = host.param('${parameter}')` }
}

function text(path: string, code: Code = {}): Code {
  return { get: path, set: `${path} = $`, defined: true, ...code }
}

function status(path: string): Code {
  return { get: `${path}.status`, set: `setStatus(${path}, $)`, fails: true }
}

/** A limit in seconds that `unset` takes away; -1 when there is none. */
const MAX_AGE: Code = { get: '(c.req_ttl_s ?? -1)', set: 'c.req_ttl_s = notNegative($)', clear: 'c.req_ttl_s = undefined' }
const C = 'C'
const CB = 'C B'
const BR = 'BR'
const PB = 'pipe B'
const DS = 'deliver synth'
const HD = 'hit deliver'

// prettier-ignore
const CONNECTION: readonly Variable[] = [
  row('client.identity', 'STRING', CB, C, '-', { get: '(c.client_identity ?? c.client_ip.text)', set: 'c.client_identity = $', guard: 'free', defined: true }),
  row('client.ip', 'IP', CB, '-', '-', member('c.client_ip')),
  row('server.hostname', 'STRING', 'A', '-', '-', text('host.hostname')),
  row('server.identity', 'STRING', 'A', '-', '-', text('host.identity')),
  row('server.ip', 'IP', CB, '-', '-', member('c.server_ip')),
  row('remote.ip', 'IP', CB, '-', '-', member('c.remote_ip')),
  row('local.endpoint >=4.1', 'STRING', CB, '-', '-', text('c.local_endpoint')),
  row('local.ip', 'IP', CB, '-', '-', member('c.local_ip')),
  row('local.socket >=4.1', 'STRING', CB, '-', '-', text('c.local_socket')),
  row('now', 'TIME', 'A', '-', '-', { get: 'c.now()' }),
  row('sess.idle_send_timeout', 'DURATION', C, C, C, parameterised('c.sess_idle_send_timeout_s', 'idle_send_timeout')),
  row('sess.send_timeout', 'DURATION', C, C, C, parameterised('c.sess_send_timeout_s', 'send_timeout')),
  row('sess.timeout_idle', 'DURATION', C, C, C, parameterised('c.sess_timeout_idle_s', 'timeout_idle')),
  row('sess.timeout_linger', 'DURATION', C, C, C, parameterised('c.sess_timeout_linger_s', 'timeout_linger')),
  row('sess.xid >=4.1', 'INT', CB, '-', '-', member('c.sess_xid')),
]

// prettier-ignore
const REQUEST: readonly Variable[] = [
  row('req', 'HTTP', C, '-', '-', member('c.req')),
  row('req.backend_hint', 'BACKEND', C, C, '-', { get: '(c.backend_hint === undefined ? default_hint : (c.backend_hint ?? undefined))', set: 'c.backend_hint = $ ?? null' }),
  row('req.can_gzip', 'BOOL', C, '-', '-', member('c.can_gzip')),
  row('req.esi <=4.0', 'BOOL', C, C, '-', member('c.req_esi')),
  row('req.esi_level', 'INT', C, '-', '-', member('c.esi_level')),
  row('req.filters', 'STRING', 'recv', 'recv', '-', text('c.req_filters')),
  row('req.grace', 'DURATION', C, C, C, { get: '(c.req_grace_s ?? -1)', set: 'c.req_grace_s = notNegative($)', clear: 'c.req_grace_s = undefined' }),
  row('req.hash', 'BLOB', 'hit miss pass purge deliver synth pipe', '-', '-', member('c.req_hash')),
  row('req.hash_always_miss', 'BOOL', C, C, '-', member('c.hash_always_miss')),
  row('req.hash_ignore_busy', 'BOOL', C, C, '-', member('c.hash_ignore_busy')),
  row('req.hash_ignore_vary', 'BOOL', C, C, '-', member('c.hash_ignore_vary')),
  row('req.http.*', 'HEADER', C, C, C, { fields: 'c.req.fields' }),
  row('req.http.content-length', 'HEADER', C, C, C, { fields: 'c.req.fields', framing: true }),
  row('req.http.transfer-encoding', 'HEADER', C, C, C, { fields: 'c.req.fields', framing: true }),
  row('req.is_hitmiss', 'BOOL', 'miss deliver pass synth', '-', '-', member('c.is_hitmiss')),
  row('req.is_hitpass', 'BOOL', 'pass deliver synth', '-', '-', member('c.is_hitpass')),
  row('req.method', 'STRING', C, C, '-', text('c.req.method', { guard: 'word' })),
  row('req.proto <=4.0', 'STRING', C, C, '-', text('c.req.proto', { guard: 'word' })),
  row('req.proto >=4.1', 'STRING', C, '-', '-', text('c.req.proto')),
  row('req.restarts', 'INT', C, '-', '-', member('c.restarts')),
  row('req.storage', 'STEVEDORE', C, C, '-', member('c.req_storage')),
  row('req.time', 'TIME', C, '-', '-', member('c.req_time_s')),
  row('req.trace', 'BOOL', C, C, '-', member('c.req_trace')),
  row('req.transport', 'STRING', C, '-', '-', { get: '"HTTP/1"', defined: true }),
  // The name that req.ttl has from 9.0 on.
  row('req.max_age', 'DURATION', C, C, C, MAX_AGE),
  row('req.ttl', 'DURATION', C, C, C, MAX_AGE),
  row('req.url', 'STRING', C, C, '-', text('c.req.url', { guard: 'word' })),
  row('req.xid', 'INT', C, '-', '-', member('c.req_xid')),
  // Without ESI every request is its own top request.
  row('req_top.http.*', 'HEADER', C, '-', '-', { fields: 'c.req_top.fields' }),
  row('req_top.method', 'STRING', C, '-', '-', text('c.req_top.method')),
  row('req_top.proto', 'STRING', C, '-', '-', text('c.req_top.proto')),
  row('req_top.time', 'TIME', C, '-', '-', member('c.req_top_time_s')),
  row('req_top.url', 'STRING', C, '-', '-', text('c.req_top.url')),
]

// prettier-ignore
const FETCH: readonly Variable[] = [
  row('bereq', 'HTTP', 'B', '-', '-', member('c.bereq')),
  row('bereq.backend', 'BACKEND', PB, PB, '-', member('c.bereq_backend')),
  row('bereq.between_bytes_timeout', 'DURATION', 'B', 'B', PB, parameterised('c.bereq_between_bytes_timeout_s', 'between_bytes_timeout')),
  row('bereq.body', 'BODY', '-', '-', 'bfetch', { clear: 'c.unsetBody()' }),
  row('bereq.connect_timeout', 'DURATION', PB, PB, PB, parameterised('c.bereq_connect_timeout_s', 'connect_timeout')),
  row('bereq.filters', 'STRING', 'bfetch', 'bfetch', '-', text('c.bereq_filters')),
  row('bereq.first_byte_timeout', 'DURATION', 'B', 'B', PB, parameterised('c.bereq_first_byte_timeout_s', 'first_byte_timeout')),
  // In vcl_pipe the context is the client's: it has no bereq_* of its own for these.
  row('bereq.hash', 'BLOB', PB, '-', '-', { get: '(c.bereq_hash ?? c.req_hash)' }),
  row('bereq.http.*', 'HEADER', PB, PB, PB, { fields: 'c.bereq.fields' }),
  row('bereq.http.content-length', 'HEADER', 'B', 'B', 'B', { fields: 'c.bereq.fields', framing: true }),
  row('bereq.http.transfer-encoding', 'HEADER', 'B', 'B', 'B', { fields: 'c.bereq.fields', framing: true }),
  row('bereq.is_bgfetch', 'BOOL', 'B', '-', '-', member('c.is_bgfetch')),
  row('bereq.is_hitmiss', 'BOOL', 'B', '-', '-', member('c.is_hitmiss')),
  row('bereq.is_hitpass', 'BOOL', 'B', '-', '-', member('c.is_hitpass')),
  row('bereq.method', 'STRING', PB, PB, '-', text('c.bereq.method', { guard: 'word' })),
  row('bereq.proto <=4.0', 'STRING', PB, PB, '-', text('c.bereq.proto', { guard: 'word' })),
  row('bereq.proto >=4.1', 'STRING', PB, '-', '-', text('c.bereq.proto')),
  row('bereq.retries', 'INT', 'B', '-', '-', member('c.bereq_retries')),
  row('bereq.retry_connect', 'BOOL', 'B', 'B', '-', member('c.retry_connect')),
  row('bereq.task_deadline', 'DURATION', 'pipe', 'pipe', 'pipe', parameterised('c.bereq_task_deadline_s', 'pipe_task_deadline')),
  row('bereq.time', 'TIME', PB, '-', '-', { get: '(c.bereq_time_s ?? c.req_time_s)' }),
  row('bereq.trace', 'BOOL', 'B', 'B', '-', member('c.bereq_trace')),
  row('bereq.uncacheable', 'BOOL', 'B', '-', '-', member('c.bereq_uncacheable')),
  row('bereq.url', 'STRING', PB, PB, '-', text('c.bereq.url', { guard: 'word' })),
  row('bereq.xid', 'INT', PB, '-', '-', { get: '(c.bereq_xid ?? c.req_xid)' }),
  row('beresp', 'HTTP', BR, '-', '-', member('c.beresp')),
  row('beresp.age', 'DURATION', BR, '-', '-', member('c.beresp_age_s')),
  row('beresp.backend', 'BACKEND', BR, '-', '-', member('c.beresp_backend')),
  row('beresp.backend.ip <=4.0', 'IP', 'bresp', '-', '-', { get: 'orBogus(c.beresp_backend_ip)' }),
  row('beresp.backend.name', 'STRING', BR, '-', '-', { get: '(c.beresp_backend?.name)' }),
  row('beresp.body', 'BODY', '-', 'berr', '-', { set: 'c.synthetic($)' }),
  row('beresp.do_esi', 'BOOL', BR, BR, '-', member('c.beresp_do_esi')),
  row('beresp.do_gunzip', 'BOOL', BR, BR, '-', member('c.beresp_do_gunzip')),
  row('beresp.do_gzip', 'BOOL', BR, BR, '-', member('c.beresp_do_gzip')),
  row('beresp.do_recode', 'BOOL', BR, BR, '-', member('c.beresp_do_recode')),
  row('beresp.do_stream', 'BOOL', BR, BR, '-', member('c.beresp_do_stream')),
  row('beresp.filters', 'STRING', 'bresp', 'bresp', '-', text('c.beresp_filters')),
  row('beresp.grace', 'DURATION', BR, BR, '-', atLeastZero('c.beresp_grace_s')),
  row('beresp.http.*', 'HEADER', BR, BR, BR, { fields: 'c.beresp.fields' }),
  row('beresp.http.content-length', 'HEADER', BR, BR, BR, { fields: 'c.beresp.fields', framing: true }),
  row('beresp.http.transfer-encoding', 'HEADER', BR, BR, BR, { fields: 'c.beresp.fields', framing: true }),
  row('beresp.keep', 'DURATION', BR, BR, '-', atLeastZero('c.beresp_keep_s')),
  row('beresp.proto <=4.0', 'STRING', BR, BR, '-', text('c.beresp.proto', { guard: 'word' })),
  row('beresp.proto >=4.1', 'STRING', BR, '-', '-', text('c.beresp.proto')),
  row('beresp.reason', 'STRING', BR, BR, '-', text('c.beresp.reason')),
  row('beresp.status', 'INT', BR, BR, '-', status('c.beresp')),
  row('beresp.storage', 'STEVEDORE', BR, BR, '-', member('c.beresp_storage')),
  row('beresp.storage_hint <=4.0', 'STRING', BR, BR, '-', { get: '(c.beresp_storage?.name)', set: 'c.beresp_storage = storageHint(c, $)', guard: 'free' }),
  row('beresp.time', 'TIME', BR, '-', '-', member('c.beresp_time_s')),
  row('beresp.transit_buffer', 'BYTES', 'bresp', 'bresp', '-', atLeastZero('c.beresp_transit_buffer')),
  row('beresp.ttl', 'DURATION', BR, BR, '-', atLeastZero('c.beresp_ttl_s')),
  // Once uncacheable, always: setting false is ignored.
  row('beresp.uncacheable', 'BOOL', BR, BR, '-', { get: 'c.beresp_uncacheable', set: 'c.beresp_uncacheable = $ || c.beresp_uncacheable' }),
  row('beresp.was_304', 'BOOL', BR, '-', '-', member('c.beresp_was_304')),
]

// prettier-ignore
const OBJECT: readonly Variable[] = [
  row('obj_stale.age', 'DURATION', 'brefresh', '-', '-', member('c.obj_stale.age_s')),
  row('obj_stale.can_esi', 'BOOL', 'brefresh', '-', '-', { get: 'false' }),
  row('obj_stale.grace', 'DURATION', 'brefresh', '-', '-', member('c.obj_stale.grace_s')),
  row('obj_stale.hits', 'INT', 'brefresh', '-', '-', member('c.obj_stale.hits')),
  row('obj_stale.http.*', 'HEADER', 'brefresh', '-', '-', { fields: 'c.obj_stale.head.fields' }),
  row('obj_stale.is_valid', 'BOOL', 'brefresh', '-', '-', member('c.obj_stale.is_valid')),
  row('obj_stale.keep', 'DURATION', 'brefresh', '-', '-', member('c.obj_stale.keep_s')),
  row('obj_stale.proto', 'STRING', 'brefresh', '-', '-', text('c.obj_stale.head.proto')),
  row('obj_stale.reason', 'STRING', 'brefresh', '-', '-', text('c.obj_stale.head.reason')),
  row('obj_stale.status', 'INT', 'brefresh', '-', '-', member('c.obj_stale.head.status')),
  row('obj_stale.storage', 'STEVEDORE', 'brefresh', '-', '-', member('c.obj_stale.storage')),
  row('obj_stale.time', 'TIME', 'brefresh', '-', '-', member('c.obj_stale.time_s')),
  row('obj_stale.ttl', 'DURATION', 'brefresh', '-', '-', member('c.obj_stale.ttl_s')),
  row('obj_stale.uncacheable', 'BOOL', 'brefresh', '-', '-', member('c.obj_stale.uncacheable')),
  row('obj.age', 'DURATION', HD, '-', '-', member('c.obj.age_s')),
  row('obj.can_esi', 'BOOL', HD, '-', '-', member('c.obj.can_esi')),
  row('obj.grace', 'DURATION', HD, '-', '-', member('c.obj.grace_s')),
  row('obj.hits', 'INT', HD, '-', '-', member('c.obj.hits')),
  row('obj.http.*', 'HEADER', 'hit', '-', '-', { fields: 'c.obj.head.fields' }),
  row('obj.keep', 'DURATION', HD, '-', '-', member('c.obj.keep_s')),
  row('obj.proto', 'STRING', 'hit', '-', '-', text('c.obj.head.proto')),
  row('obj.reason', 'STRING', 'hit', '-', '-', text('c.obj.head.reason')),
  row('obj.status', 'INT', 'hit', '-', '-', member('c.obj.head.status')),
  row('obj.storage', 'STEVEDORE', HD, '-', '-', member('c.obj.storage')),
  row('obj.time', 'TIME', HD, '-', '-', member('c.obj.time_s')),
  row('obj.ttl', 'DURATION', HD, '-', '-', member('c.obj.ttl_s')),
  row('obj.uncacheable', 'BOOL', 'deliver', '-', '-', member('c.obj.uncacheable')),
]

// prettier-ignore
const RESPONSE: readonly Variable[] = [
  row('resp', 'HTTP', DS, '-', '-', member('c.resp')),
  row('resp.body', 'BODY', '-', 'synth', '-', { set: 'c.synthetic($)' }),
  row('resp.do_esi >=4.1', 'BOOL', DS, DS, '-', member('c.resp_do_esi')),
  row('resp.filters', 'STRING', DS, DS, '-', text('c.resp_filters')),
  row('resp.http.*', 'HEADER', DS, DS, DS, { fields: 'c.resp.fields' }),
  row('resp.http.content-length', 'HEADER', DS, DS, DS, { fields: 'c.resp.fields', framing: true }),
  row('resp.http.transfer-encoding', 'HEADER', DS, DS, DS, { fields: 'c.resp.fields', framing: true }),
  row('resp.is_streaming', 'BOOL', DS, '-', '-', member('c.resp_is_streaming')),
  row('resp.proto <=4.0', 'STRING', DS, DS, '-', text('c.resp.proto', { guard: 'word' })),
  row('resp.proto >=4.1', 'STRING', DS, '-', '-', text('c.resp.proto')),
  row('resp.reason', 'STRING', DS, DS, '-', text('c.resp.reason')),
  row('resp.status', 'INT', DS, DS, '-', status('c.resp')),
  row('resp.time', 'TIME', DS, '-', '-', member('c.resp_time_s')),
  row('storage.*', 'STEVEDORE', CB, '-', '-', { get: 'theStorage(c, @)', fails: true }),
  row('storage.*.free_space', 'BYTES', CB, '-', '-', { get: 'theStorage(c, @).free_space_bytes', fails: true }),
  row('storage.*.happy', 'BOOL', CB, '-', '-', { get: 'theStorage(c, @).happy', fails: true }),
  row('storage.*.used_space', 'BYTES', CB, '-', '-', { get: 'theStorage(c, @).used_space_bytes', fails: true }),
]

const PARAMETERS: Readonly<Record<string, VclType>> = {
  backend_idle_timeout: 'DURATION',
  backend_wait_limit: 'INT',
  backend_wait_timeout: 'DURATION',
  between_bytes_timeout: 'DURATION',
  connect_timeout: 'DURATION',
  default_grace: 'DURATION',
  default_keep: 'DURATION',
  default_ttl: 'DURATION',
  first_byte_timeout: 'DURATION',
  idle_send_timeout: 'DURATION',
  max_esi_depth: 'INT',
  max_restarts: 'INT',
  max_retries: 'INT',
  pipe_task_deadline: 'DURATION',
  pipe_timeout: 'DURATION',
  send_timeout: 'DURATION',
  shortlived: 'DURATION',
  timeout_idle: 'DURATION',
  transit_buffer: 'BYTES',
  uncacheable_ttl: 'DURATION',
}

/** What holds here, and is no parameter of ours. */
const FIXED: Readonly<Record<string, number>> = { shortlived: 10 }

function parameter(name: string): string {
  return name in FIXED ? `(host.param('${name}') ?? ${FIXED[name]})` : `host.param('${name}')`
}

export const VARIABLES: readonly Variable[] = [
  ...CONNECTION,
  ...REQUEST,
  ...FETCH,
  ...OBJECT,
  ...RESPONSE,
  ...Object.entries(PARAMETERS).map(([name, type]) => row(`param.${name}`, type, 'A', '-', '-', { get: parameter(name) })),
]
