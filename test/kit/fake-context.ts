import { ipOfBytes, parseIp } from '../../src/base/ip.ts'
import type { Fields } from '../../src/http/fields.ts'
import { RequestHead, ResponseHead } from '../../src/http/message.ts'
import { directorFactory } from '../../src/origin/directors/create.ts'
import { SharedTexts } from '../../src/shm/shared-texts.ts'
import { TokenBuckets } from '../../src/shm/token-buckets.ts'
import { compileVcl, type Compiled } from '../../src/vcl/load.ts'
import { ACTION, type BackendDeclaration, type LoadedVcl, type VclHost } from '../../src/vcl/runtime/context.ts'
import type { HeadChanges, Recording } from '../../src/vcl/runtime/portions.ts'

/**
 * A context for compiled rules without a cache around it: client and backend side in one object, everything plain data.
 * What the rules say to the outside ends in `log`, `errors`, `hashed`, `body`.
 */
export class FakeContext {
  proxy_tlvs: Uint8Array | undefined = undefined
  side: 'client' | 'pipe' | 'backend' | 'house' = 'client'
  req = new RequestHead()
  readonly req_top = this.req
  req_top_time_s = 1_700_000_000
  resp = new ResponseHead()
  bereq = new RequestHead()
  beresp = new ResponseHead()
  obj = {
    head: new ResponseHead(),
    age_s: 3,
    ttl_s: 100,
    grace_s: 10,
    keep_s: 0,
    hits: 2,
    time_s: 1_700_000_000,
    uncacheable: false,
    storage: { name: 's0', free_space_bytes: 1000, used_space_bytes: 24, happy: true },
  }
  client_ip = parseIp('192.0.2.1', 1234)!
  server_ip = parseIp('192.0.2.2', 80)!
  remote_ip = parseIp('192.0.2.3', 1234)!
  local_ip = parseIp('192.0.2.2', 80)!
  local_endpoint = '192.0.2.2:80'
  local_socket = 'a0'
  server_hostname = 'host.example'
  server_identity = 'cache1'
  client_identity: string | undefined = undefined
  sess_xid = 1000
  socket_fd = -1
  purgeTags = (): number => 0
  softPurgeTags = (): number => 0
  purgeHard = (): number => 0
  purgeSoft = (): number => 0
  action_status = 0
  action_reason: string | undefined = undefined
  action_ttl = -1
  backend_hint: { name: string; healthy: boolean } | null | undefined = undefined
  module_state: Map<object, unknown> | undefined = undefined
  unsteady = false
  apart = false
  head_changes: HeadChanges | undefined = undefined
  recording: Recording | undefined = undefined
  bereq_backend: { name: string; healthy: boolean } | undefined = undefined
  bereq_connect_timeout_s = 3.5
  bereq_first_byte_timeout_s = 60
  bereq_between_bytes_timeout_s = 60
  bereq_xid = 1002
  bereq_time_s = 1_700_000_000
  bereq_retries = 0
  bereq_uncacheable = false
  bereq_hash = new Uint8Array(32)
  bereq_trace = false
  bereq_filters = ''
  bereq_task_deadline_s = 0
  req_filters = ''
  req_body: Uint8Array | undefined = undefined
  retry_connect = true
  is_bgfetch = false
  restarts = 0
  esi_level = 0
  req_xid = 1001
  req_time_s = 1_700_000_000
  is_hitmiss = false
  is_hitpass = false
  hash_always_miss = false
  hash_ignore_busy = false
  hash_ignore_vary = false
  req_grace_s: number | undefined = undefined
  req_ttl_s: number | undefined = undefined
  req_esi = true
  req_trace = false
  req_storage: unknown = undefined
  can_gzip = false
  req_hash = new Uint8Array(32)
  resp_is_streaming = false
  resp_time_s = 1_700_000_000
  resp_do_esi = false
  resp_filters = ''
  sess_timeout_idle_s = 5
  sess_timeout_linger_s = 0.05
  sess_send_timeout_s = 600
  sess_idle_send_timeout_s = 60
  beresp_age_s = 0
  beresp_ttl_s = 120
  beresp_grace_s = 10
  beresp_keep_s = 0
  beresp_uncacheable = false
  beresp_do_esi = false
  beresp_do_gzip = false
  beresp_do_recode = true
  beresp_do_gunzip = false
  beresp_do_stream = true
  beresp_filters = ''
  beresp_was_304 = false
  obj_stale = { ...this.obj, is_valid: true }
  beresp_time_s = 1_700_000_000
  beresp_storage: { name: string } | undefined = { name: 's0' }
  beresp_transit_buffer = 0
  beresp_backend: { name: string; healthy: boolean } | undefined = undefined
  beresp_backend_ip = ipOfBytes(new Uint8Array([127, 0, 0, 1]), 8080)

  readonly log: string[] = []
  readonly errors: string[] = []
  readonly lost: string[] = []
  readonly acls: string[] = []
  /** Field lines that were set (+) and removed (-). */
  readonly changes: string[] = []
  readonly hashed: (string | undefined)[] = []
  /** What `hashed` comes to. */
  key = ''
  body = ''
  body_unset = false
  now_s = 1_700_000_000

  constructor() {
    Object.assign(this.req, { method: 'GET', url: '/' })
    Object.assign(this.bereq, { method: 'GET', url: '/' })
    Object.assign(this.resp, { status: 200, reason: 'OK' })
    Object.assign(this.beresp, { status: 200, reason: 'OK' })
    Object.assign(this.obj.head, { status: 200, reason: 'OK' })
  }

  now(): number {
    return this.now_s
  }
  vclLog(text: string): void {
    this.log.push(text)
  }
  syslog(priority: number, text: string): void {
    this.log.push(`<${priority}>${text}`)
  }
  timestamp(label: string): void {
    this.log.push(`timestamp ${label}`)
  }
  vclError(text: string): void {
    this.errors.push(text)
  }
  logAcl(name: string, matched: string | undefined): void {
    this.acls.push(matched === undefined ? `NO_MATCH ${name}` : `MATCH ${name} ${matched}`)
  }
  storage(name: string): { name: string; free_space_bytes: number; used_space_bytes: number; happy: boolean } | undefined {
    return name === 's0' ? this.obj.storage : undefined
  }
  fieldSet(_fields: Fields, name: string, value: string): void {
    this.changes.push(`+ ${name}: ${value}`)
  }

  vclTrace(): void {}

  fieldLost(name: string, value: string): void {
    this.lost.push(`${name}: ${value.length} bytes`)
  }

  fieldUnset(_fields: Fields, name: string, value: string): void {
    this.changes.push(`- ${name}: ${value}`)
  }
  hashData(text: string | undefined): void {
    this.hashed.push(text)
    this.key += (text ?? '') + '\0'
  }
  synthetic(text: string): void {
    this.body = text
  }
  appendSynthetic(text: string): void {
    this.body += text
  }
  keepBody(limit_bytes: number): boolean {
    return this.req_body !== undefined && this.req_body.length <= limit_bytes
  }
  rollback(): void {
    this.log.push('rollback')
  }
  judgeAgain(): void {
    this.log.push('judged again')
  }
  unsetBody(): void {
    this.body_unset = true
  }
  readonly bans: (string | undefined)[] = []
  ban_error = ''
  /** What to say of the next ones. */
  ban_outcome: string | undefined
  ban(expression: string | undefined): string | undefined {
    this.bans.push(expression)
    return this.ban_outcome
  }
}

export type FakeHost = VclHost & { readonly declared: BackendDeclaration[] }

export function fakeHost(): FakeHost {
  const declared: BackendDeclaration[] = []
  return {
    declared,
    backend(declaration) {
      declared.push(declaration)
      return { name: declaration.name, healthy: true }
    },
    directors: directorFactory(),
    buckets: new TokenBuckets(TokenBuckets.memory(), 0),
    globals: new SharedTexts(SharedTexts.memory(), 0),
    vcl_path: [],
    hostname: 'host.example',
    identity: 'cache1',
    ban: () => undefined,
    param: (name) => ({ default_ttl: 120, connect_timeout: 3.5, timeout_idle: 5 })[name] ?? 0,
  }
}

const HEAD = 'vcl 4.1; backend default { .host = "127.0.0.1"; .port = "8080"; }\n'

/** UTF-8 as the bytes that a file would hold. */
export function bytesOf(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1')
}

/** Compiles `body` behind a version line and one backend, unless it brings its own. */
export function compile(body: string, policy: 'rfc9111' | 'varnish' = 'varnish'): Compiled {
  const source = /^\s*vcl /.test(body) ? body : HEAD + body
  return compileVcl(bytesOf(source), {
    path: 'test.vcl',
    policy,
    vcl_path: [],
    resolveHost: (name) => (name === 'localhost' ? ['127.0.0.1'] : []),
  })
}

/** Loads it, or fails with the compiler's own words. */
export function load(body: string, host: VclHost = fakeHost(), policy: 'rfc9111' | 'varnish' = 'varnish'): LoadedVcl {
  const compiled = compile(body, policy)
  if (!compiled.ok) throw new Error(compiled.text)
  return compiled.program.instantiate(host)
}

const ACTION_NAMES = new Map<number, string>(Object.entries(ACTION).map(([name, code]) => [code, name]))

/** Runs one sub and names the action it ended with. */
export function run(vcl: LoadedVcl, sub: keyof LoadedVcl['subs'], c: FakeContext): string {
  const action = (vcl.subs[sub] as unknown as (c: FakeContext) => number)(c)
  return ACTION_NAMES.get(action) ?? `unknown action ${action}`
}

/** Statements of vcl_recv, run once over a fresh context: what most tests of expressions need. */
export function recv(statements: string, prepare: (c: FakeContext) => void = () => {}): FakeContext {
  const c = new FakeContext()
  prepare(c)
  run(load(`import std; sub vcl_recv { ${statements} return (hash); }`), 'recv', c)
  return c
}
