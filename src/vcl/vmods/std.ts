import { asBytes } from '../../base/bytes.ts'
import { SystemClock } from '../../base/clock.ts'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { isAbsolute, join } from 'node:path'
import type { Ip } from '../../base/ip.ts'
import type { BackendContext, ClientContext, CommonContext, VclBackend } from '../runtime/context.ts'
import { isHealthy } from '../runtime/directors.ts'
import { type CalledSub, VclFailure } from '../runtime/failure.ts'
import { setField } from '../runtime/values.ts'
import { BACKEND_SUBS, bound, CLIENT_SUBS, define, only, option } from './define.ts'
import { callsFor, IP_TOS, IPPROTO_IP, IPPROTO_IPV6, IPV6_TCLASS, word } from './socket.ts'
import { CONVERSIONS } from './std/convert.ts'
import { fnmatch } from './std/fnmatch.ts'
import { roundAway } from './std/numbers.ts'
import { querySort, strftime, toLower, toUpper } from './std/text.ts'
import type { HeaderRef, Vmod, VmodLoad } from './vmod.ts'

type Text = string | undefined
type RequestContext = ClientContext | BackendContext

// ---- headers

/** One line of what were several, in the place of the first. */
function collect(c: CommonContext, header: HeaderRef, separator: Text): void {
  const { fields, key } = header
  const first = fields.indexOf(key, 0)
  if (first < 0 || fields.indexOf(key, first + 1) < 0) return
  let value = fields.values[first]
  for (let i = fields.indexOf(key, first + 1); i >= 0; i = fields.indexOf(key, i + 1)) value += (separator ?? '') + fields.values[i]
  setField(c, fields, fields.names[first], key, value)
}

function matchGlob(_c: CommonContext, pattern: Text, subject: Text, pathname: boolean, noescape: boolean, period: boolean): boolean {
  if (pattern === undefined || subject === undefined) throw new VclFailure('std.fnmatch(): pattern and subject must be set')
  return fnmatch(pattern, subject, { pathname, noescape, period })
}

function strstr(_c: CommonContext, text: Text, wanted: Text): Text {
  const at = text === undefined || wanted === undefined ? -1 : text.indexOf(wanted)
  return at < 0 ? undefined : text?.slice(at)
}

// ---- files

const MAX_FILE_BYTES = 16 << 20

/** The file as bytes, read at first use and kept as long as the rules; undefined when it cannot be read. */
function fileReader(load: VmodLoad): (path: Text) => Uint8Array | undefined {
  const kept = new Map<string, Uint8Array>()
  return (path) => {
    if (path === undefined) return undefined
    const known = kept.get(path)
    if (known !== undefined) return known
    const found = locate(path, load.vcl_path)
    // Paths may be made of what clients send: what does not exist is not remembered, so the map stays small.
    if (found === undefined || kept.size >= 1000) return undefined
    const bytes = readFileSync(found)
    kept.set(path, bytes)
    return bytes
  }
}

function locate(path: string, vcl_path: readonly string[]): string | undefined {
  if (path.includes('\0')) return undefined
  const candidates = isAbsolute(path) ? [path] : [path, ...vcl_path.map((directory) => join(directory, path))]
  return candidates.find((candidate) => {
    const stat = statSync(candidate, { throwIfNoEntry: false })
    return stat !== undefined && stat.isFile() && stat.size <= MAX_FILE_BYTES
  })
}

const bindFileread = (load: VmodLoad) => {
  const read = fileReader(load)
  return (_c: CommonContext, path: Text): Text => {
    const bytes = read(path)
    return bytes === undefined ? undefined : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
  }
}
const bindBlobread = (load: VmodLoad) => {
  const read = fileReader(load)
  return (_c: CommonContext, path: Text): Uint8Array => read(path) ?? new Uint8Array(0)
}
const bindSyntax = (load: VmodLoad) => (_c: CommonContext, version: number) => load.syntax >= Math.round(version * 10)

function getenv(_c: CommonContext, name: Text): Text {
  const value = name === undefined ? undefined : process.env[name]
  return value === undefined ? undefined : asBytes(value)
}

export function cacheReqBody(c: ClientContext, size_bytes: number): boolean {
  return c.keepBody(size_bytes)
}

const bindTos = (load: VmodLoad) => {
  const calls = callsFor(load, 'std.set_ip_tos()')
  return (c: ClientContext, tos: number): void => {
    if (/^[/@]/.test(c.local_endpoint)) return
    const v6 = c.local_ip.bytes.length === 16
    const problem = calls.set(c.socket_fd, v6 ? IPPROTO_IPV6 : IPPROTO_IP, v6 ? IPV6_TCLASS : IP_TOS, word(tos))
    if (problem !== 0) c.vclError(`std.set_ip_tos(): ${problem}`, 'std.set_ip_tos()')
  }
}

function timedCall(c: CommonContext, sub: CalledSub): number {
  const begun_ms = performance.now()
  sub(c)
  return (performance.now() - begun_ms) / 1000
}

const PATHNAME = option('BOOL pathname', true)
const NOESCAPE = option('BOOL noescape', false)
const PERIOD = option('BOOL period', false)
const SEPARATOR = option('STRING sep', ', ')

/** The standard module, as documented for 7.x and 8.0. */
export const std: Vmod = {
  name: 'std',
  doc: 'The standard module.',
  functions: {
    ...CONVERSIONS,
    random: define(
      'REAL',
      ['REAL lo', 'REAL hi'],
      'A random number between lo and hi; not for secrets.',
      (_c: CommonContext, lo: number, hi: number) => lo + Math.random() * (hi - lo),
    ),
    round: define('REAL', ['REAL r'], 'The nearest whole number, halves away from zero.', (_c: CommonContext, r: number) => roundAway(r)),
    collect: define('VOID', ['HEADER hdr', SEPARATOR], 'Joins repeated headers into one, with sep between.', collect),
    querysort: define(
      'STRING',
      ['STRING s'],
      'The URL with its query parameters sorted, empty ones removed.',
      (_c: CommonContext, s: Text) => (s === undefined ? undefined : querySort(s)),
    ),
    toupper: define('STRING', ['STRANDS s'], 'ASCII letters in upper case; an unset string becomes empty.', (_c: CommonContext, s: Text) =>
      toUpper(s ?? ''),
    ),
    tolower: define('STRING', ['STRANDS s'], 'ASCII letters in lower case; an unset string becomes empty.', (_c: CommonContext, s: Text) =>
      toLower(s ?? ''),
    ),
    strstr: define('STRING', ['STRING s1', 'STRING s2'], 's1 from the first s2 on; unset when there is none.', strstr),
    fnmatch: define(
      'BOOL',
      ['STRING pattern', 'STRING subject', PATHNAME, NOESCAPE, PERIOD],
      'Shell-style pattern match, fnmatch(3).',
      matchGlob,
    ),
    fileread: bound('STRING', ['STRING path'], 'The contents of a file, read once; unset when it cannot be read.', bindFileread),
    blobread: bound('BLOB', ['STRING path'], 'The bytes of a file, read once; empty when it cannot be read.', bindBlobread),
    file_exists: define(
      'BOOL',
      ['STRING path'],
      'Is there such a file? Looks at every call.',
      (_c: CommonContext, path: Text) => path !== undefined && existsSync(path),
    ),
    healthy: define(
      'BOOL',
      ['BACKEND be'],
      "Is the backend (or one of the director's) healthy?",
      (c: CommonContext, be: VclBackend | undefined) => be !== undefined && isHealthy(be, c),
    ),
    port: define('INT', ['IP ip'], 'The port that goes with the address; 0 for unix sockets.', (_c: CommonContext, ip: Ip) => ip.port),
    strftime: define(
      'STRING',
      ['TIME time', 'STRING format'],
      'strftime(3) in UTC and the C locale.',
      (_c: CommonContext, time: number, format: Text) => strftime(new Date(time * 1000), format ?? ''),
    ),
    log: define('VOID', ['STRANDS s'], 'A VCL_Log record.', (c: CommonContext, s: Text) => c.vclLog(s ?? '')),
    syslog: define(
      'VOID',
      ['INT priority', 'STRANDS s'],
      'A line for the operations log: a warning, whatever the priority. Of vcl_init and vcl_fini, which each worker runs, one.',
      (c: CommonContext, priority: number, s: Text) => c.syslog(priority, s ?? ''),
    ),
    timestamp: define(
      'VOID',
      ['STRING s'],
      'A Timestamp record of that name.',
      (c: CommonContext, s: Text) => s !== undefined && s !== '' && c.timestamp(s),
    ),
    syntax: bound('BOOL', ['REAL version'], 'Is the VCL syntax version at least this? std.syntax(4.1)', bindSyntax),
    getenv: define('STRING', ['STRING name'], 'An environment variable of the server; unset when there is none.', getenv),
    rollback: only(
      [...CLIENT_SUBS, ...BACKEND_SUBS],
      define('VOID', ['HTTP h'], 'req or bereq as it was when the task began.', (c: RequestContext) => c.rollback()),
    ),
    ban: define(
      'BOOL',
      ['STRING s'],
      'Bans the objects that the expression describes; false when it is none, and ban_error() says why.',
      (c: CommonContext, s: Text) => (c.ban_error = c.ban(s) ?? '') === '',
    ),
    ban_error: define(
      'STRING',
      [],
      'Why the last std.ban() of this task was refused; empty when it was not.',
      (c: CommonContext) => c.ban_error,
    ),
    now: define('TIME', [], 'The time now, unlike `now`, which stands still during a sub.', () => new SystemClock().wall_ms / 1000),
    cache_req_body: only(
      ['vcl_recv'],
      define(
        'BOOL',
        ['BYTES size'],
        'Keeps the request body, if it is no larger, so that it can be sent again by a retry or a restart; false: it is larger, or there is no room.',
        cacheReqBody,
      ),
    ),
    late_100_continue: only(
      ['vcl_recv'],
      define(
        'VOID',
        ['BOOL late'],
        '100 Continue is always sent when the body is first wanted, as (true) asks; (false) changes nothing.',
        () => undefined,
      ),
    ),
    set_ip_tos: only(
      CLIENT_SUBS,
      bound(
        'VOID',
        ['INT tos'],
        'The type-of-service byte (traffic class) of what is sent to this client from now on. On a unix socket nothing.',
        bindTos,
      ),
    ),
    timed_call: define('DURATION', ['SUB sub'], 'Calls the sub; how long that took.', timedCall),
    rfc_ttl: only(
      ['vcl_backend_response', 'vcl_backend_refresh'],
      define(
        'VOID',
        [],
        'beresp.ttl, beresp.grace and beresp.keep anew, as the response is now. beresp.uncacheable stays.',
        (c: BackendContext) => c.judgeAgain(),
      ),
    ),
  },
  unsupported: {},
}
