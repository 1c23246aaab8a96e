import { changeDebug, changeFeatures, DEBUG_SWITCHES, FEATURES } from './features.ts'
import { changeMask, DEFAULT_MASK } from './log-mask.ts'
import { bool, bytes, duration, fieldNames, integer, number, type Row, switches, tagFields, text, word } from './parameter-rows.ts'

/**
 * Everything that can be tuned while keeping the command line as it is: `-p name=value`. One table; the code reads
 * values through `ParameterValues`, the reference page and the messages read the rows. Names, defaults and bounds are
 * Varnish's where the meaning is; rows flagged `lacquer` are our own.
 */

const K = 1024
const M = 1024 * K
const G = 1024 * M

/** What a timer of Node can hold: 2^31 ms. */
const TIMER_MAX_S = 2_147_483

// Each entry is one row: name, kind(default, bounds, prose).
export const PARAMETERS = {
  backend_idle_timeout: duration(60, { min: 1, max: TIMER_MAX_S }, 'How long an idle connection to a backend stays in its pool.'),
  backend_local_error_holddown: duration(
    10,
    { min: 0, flags: ['experimental'] },
    'For how long no connection to a backend is tried after one has failed for a reason of this machine (EACCES, EPERM, EADDRNOTAVAIL): whoever wants one fails at once.',
  ),
  backend_remote_error_holddown: duration(
    0.25,
    { min: 0, flags: ['experimental'] },
    'The same after a failure of the other one (ECONNREFUSED, ENETUNREACH).',
  ),
  backend_wait_limit: integer(
    0,
    { min: 0, unit: 'fetches' },
    'How many fetches may wait for a connection to a backend whose max_connections are in use, in each worker. .wait_limit of a backend overrides it.',
  ),
  backend_wait_timeout: duration(
    0,
    { min: 0, max: TIMER_MAX_S },
    'How long each of them waits before it fails. .wait_timeout of a backend overrides it.',
  ),
  ban_cutoff: integer(
    0,
    { min: 0, unit: 'bans', flags: ['experimental'] },
    'Bans that an object may be behind. The background work takes out every object that has not been tested for more bans than this, as if one of them had described it, so that the list cannot grow for ever. 0 sets no bound.',
  ),
  ban_dups: bool(
    true,
    [],
    'A ban that says what an earlier one says takes its place. Bans that compare with the time they were given do not.',
  ),
  ban_lurker_age: duration(
    60,
    { min: 0 },
    'How old a ban must be for the background work. Until then it is tested at lookups only: what is asked for often is tested anyway, and duplicates cost nothing. A fetch that takes longer than this and during which a ban was completed is not stored.',
  ),
  ban_lurker_batch: integer(
    1000,
    { min: 1, unit: 'objects' },
    'Objects that the background work tests before it pauses for ban_lurker_sleep.',
  ),
  ban_lurker_holdoff: duration(
    0.01,
    { min: 0, max: TIMER_MAX_S, flags: ['experimental'] },
    'How long the background work pauses when a lookup has what it needs.',
  ),
  ban_lurker_sleep: duration(
    0.01,
    { min: 0, max: TIMER_MAX_S },
    'How long the background work pauses after each batch. 0 turns it off: bans are then tested at lookups only, and leave the list only when no older object is left.',
  ),
  between_bytes_timeout: duration(
    60,
    { min: 0 },
    'Longest pause between two pieces of a backend response body, or of a request body that a backend does not take; a longer one breaks the fetch. 0 waits for ever. Backends and bereq may set their own.',
  ),
  busy_wait_timeout: duration(
    30,
    { min: 0, flags: ['lacquer'] },
    'How long a request waits for another request that is fetching the same object. After that it fetches for itself. 0 waits for ever.',
  ),
  busy_waiters_max: integer(
    10_000,
    { min: 0, unit: 'requests', flags: ['lacquer'] },
    'How many requests may wait for one object that is being fetched. Those above it are answered 503. 0 lets nobody wait.',
  ),
  cache_control_consumed: fieldNames(
    'Lacquer-Cache-Control, Surrogate-Control',
    'Fields that speak to this cache alone: kept with an object, and not handed on to clients. Used by policy=rfc9111; none hands all on.',
  ),
  cache_control_targets: fieldNames(
    'Lacquer-Cache-Control, CDN-Cache-Control, Surrogate-Control',
    'Fields of a response that are heard in place of Cache-Control and Expires, the most important first (the target list of RFC 9213). Of those that are there, the first that is valid and not empty counts alone. All are Dictionaries of RFC 9651, but for Surrogate-Control. Used by policy=rfc9111; none hears Cache-Control only.',
  ),
  cache_status: word(
    'on',
    ['on', 'off', 'key'],
    ['must_restart', 'lacquer'],
    'Whether responses say in Cache-Status (RFC 9211) what became of their request here; key adds the key under which they are stored, which is for tests only: it helps those who would poison the cache.',
  ),
  cache_status_name: text(
    'lacquer',
    ['must_restart', 'lacquer'],
    'The name of this cache in Cache-Status: a word, or any text of ASCII characters, which is then quoted.',
    { fits: (given) => /^[ -~]{1,64}$/.test(given), expected: 'a name of 1 to 64 printable ASCII characters' },
  ),
  cached_bodies_max: bytes(
    128 * M,
    { min: 0, flags: ['must_restart', 'lacquer'] },
    'Most that a worker holds of request bodies for std.cache_req_body. While there is no room bodies are streamed as they come, and the function says false.',
  ),
  cached_body_max: bytes(
    16 * M,
    { min: 0, flags: ['lacquer'] },
    'Largest request body that std.cache_req_body keeps, whatever size rules call it with.',
  ),
  cli_limit: bytes(
    256 * K,
    { min: 128, max: 100 * M, flags: ['lacquer'] },
    'Longest answer of the admin protocol. A longer one is cut off, and its status says so (201). Varnish’s default is 48k, which all parameters as JSON do not fit.',
  ),
  clock_skew: duration(
    10,
    { min: 0 },
    'Difference between a backend’s clock and ours up to which Expires is read against our clock. Used by policy=varnish.',
  ),
  connect_timeout: duration(
    3.5,
    { min: 0 },
    'How long a connection attempt to a backend may take. 0 waits until the kernel gives up. Backends and bereq may set their own.',
  ),
  debug: switches(
    'none',
    DEBUG_SWITCHES,
    changeDebug,
    'Switches for tests: syncvsl (each log record is written at once, not with its transaction; slower).',
  ),
  default_grace: duration(
    10,
    { min: 0, flags: ['obj_sticky'] },
    'Grace of objects whose response does not say: how long after expiry an object may be served while one background fetch refreshes it. With policy=rfc9111 that needs permission (stale-while-revalidate, or rules), and this is how long an object may be served while its backend cannot be reached.',
  ),
  default_keep: duration(
    0,
    { min: 0, flags: ['obj_sticky'] },
    'Keep of objects: how long beyond ttl and grace an object stays, to be revalidated by a conditional request. With policy=rfc9111, 0 keeps an object that has a validator for as long as the store has room.',
  ),
  default_ttl: duration(
    120,
    { min: 0, flags: ['obj_sticky'] },
    'Freshness of responses that carry neither an explicit lifetime nor anything to compute one from. Used by policy=varnish; policy=rfc9111 does not reuse such responses.',
  ),
  eviction_size_bias: number(
    0.5,
    { min: 0, max: 1, flags: ['must_restart', 'lacquer'] },
    'What an arena store keeps when it is full: 1 the most objects, so that most requests are hits; 0 the most wanted whatever their size, so that most bytes are. What an object has to earn grows with its size to this power.',
  ),
  feature: switches(
    '+validate_headers',
    FEATURES,
    changeFeatures,
    'Switches: esi_disable_xml_check (a page with ESI need not begin with <), esi_ignore_https (an include by https is made as by http), esi_ignore_other_elements (tags are found in other tags, too), esi_include_onerror (a page ends where an include fails that has no onerror="continue"), esi_remove_bom. Header fields are always validated.',
  ),
  first_byte_timeout: duration(
    60,
    { min: 0 },
    'How long a backend may take from the end of the request, its body included, to the first byte of its response. 0 waits for ever. Backends and bereq may set their own.',
  ),
  gzip_buffer: bytes(
    32 * K,
    { min: 2 * K, flags: ['experimental'] },
    'Size of the pieces in which large bodies come out of compression and decompression.',
  ),
  gzip_level: integer(6, { min: 0, max: 9, flags: [] }, 'How hard compression tries: 0 not at all, 1 fast, 9 best.'),
  gzip_memlevel: integer(
    8,
    { min: 1, max: 9, flags: [] },
    'Memory that compression uses for each body, 1 (about 132 KiB) to 9 (about 384 KiB).',
  ),
  http_gzip_support: bool(
    true,
    [],
    'Whether bodies are compressed and decompressed: beresp.do_gzip and do_gunzip, and stored gzip for clients that do not take it. With policy=varnish requests then ask for gzip or for nothing.',
  ),
  http_max_hdr: integer(
    64,
    { min: 32, max: 65_535, unit: 'field lines' },
    'Field lines allowed in a message. A request with more gets 431, a backend response with more breaks the fetch.',
  ),
  http_range_support: bool(true, [], 'Whether Range requests are answered with the part that was asked for (206) from the cached object.'),
  http_req_hdr_len: bytes(8 * K, { min: 40 }, 'Longest field line of a request. Longer ones get 431.'),
  http_req_size: bytes(
    32 * K,
    { min: 256 },
    'Largest request head. Larger ones get 431, or 414 for the target alone, and a closed connection.',
  ),
  http_resp_hdr_len: bytes(8 * K, { min: 40 }, 'Longest field line of a backend response. A longer one breaks the fetch.'),
  http_resp_size: bytes(32 * K, { min: 256 }, 'Largest head of a backend response. A larger one breaks the fetch.'),
  idle_send_timeout: duration(
    60,
    { min: 0, flags: ['delayed_effect'] },
    'How long a client may take nothing of a response before its connection is closed. 0 waits for ever.',
  ),
  io_uring: bool(
    true,
    ['must_restart', 'lacquer'],
    'Whether answers that leave at the same time are given to the kernel in one system call, where it has io_uring(7) and lets us use it; off, or where it does not, each is a call of its own.',
  ),
  listen_depth: integer(
    1024,
    { min: 0, unit: 'connections', flags: ['must_restart'] },
    'Connections the kernel queues before they are accepted.',
  ),
  max_connections: integer(
    50_000,
    { min: 1, max: 1_000_000, unit: 'connections', flags: ['lacquer'] },
    'Client connections a worker holds at once. Those above it are closed as they arrive and counted in sess_dropped. Lowered at the start to three quarters of the files that the process may open.',
  ),
  max_esi_depth: integer(
    5,
    { min: 0, unit: 'levels' },
    'How deeply pages that include each other may be nested (ESI). What would be deeper is left out.',
  ),
  max_esi_includes: integer(
    1000,
    { min: 0, unit: 'includes', flags: ['lacquer'] },
    'How many includes one request may lead to, those of what it includes counted. What would be more is left out.',
  ),
  max_restarts: integer(4, { min: 0, unit: 'restarts' }, 'How often rules may restart one request before it fails with 503.'),
  max_retries: integer(4, { min: 0, unit: 'retries' }, 'How often rules may retry one backend fetch before it fails with 503.'),
  no_vary_search: bool(
    false,
    ['must_restart', 'lacquer'],
    'Whether No-Vary-Search of a response is heard: which parameters of a query, and whether their order, make no difference to it. One stored response then answers all URLs that it makes equivalent. Used by policy=rfc9111.',
  ),
  operations_level: word(
    'info',
    ['info', 'warn', 'error'],
    ['lacquer'],
    'What the operations log tells, on standard error: `info` also tells of the start, of rules, backends and workers that come and go, and of commands; `warn` of what should not be; `error` of what went wrong.',
  ),
  pcre2_depth_limit: integer(
    1000,
    { min: 1, unit: 'calls', flags: ['must_restart', 'lacquer'] },
    'How deep calls of groups in a pattern, such as (?R) or (?1), may go into each other. A match that goes deeper fails the rules.',
  ),
  pcre2_match_limit: integer(
    10_000,
    { min: 1, max: 10_000_000, unit: 'hundreds of steps', flags: ['must_restart'] },
    'How long a match may take, or regsuball() of one text: each of these is a hundred steps, about a microsecond. A match that takes longer fails the rules. Patterns whose time grows only with the length of the text, and texts that are short for their pattern, are not counted.',
  ),
  pipe_task_deadline: duration(
    0,
    { min: 0, max: TIMER_MAX_S },
    'How long a pipe may last in all, whatever is said in it; bereq.task_deadline in vcl_pipe is another for one pipe. 0 is no limit.',
  ),
  pipe_timeout: duration(
    60,
    { min: 0, max: TIMER_MAX_S },
    'How long a pipe may be silent in both directions before it is closed. 0 waits for ever.',
  ),
  policy: word(
    'rfc9111',
    ['rfc9111', 'varnish'],
    ['must_restart', 'lacquer'],
    'Whose answers the cache gives where rules do not: rfc9111 follows RFC 9110 and 9111 to the letter and reuses nothing without permission; varnish does what Varnish does: a default lifetime, a list of cacheable statuses, the client’s Cache-Control ignored.',
  ),
  prefer_ipv6: bool(false, [], 'Which address of a backend host is tried first when DNS gives both kinds.'),
  query_body_max: bytes(
    0,
    { min: 0, max: 16 * M, flags: ['must_restart', 'lacquer'] },
    'Largest content of a QUERY request that is answered from the cache: it is part of the key, so that it is held in memory until the request is over. QUERY with more is passed; 0 passes all. Used by policy=rfc9111.',
  ),
  range_offset_limit: bytes(
    M,
    { min: 0, flags: ['lacquer'] },
    'A range that begins at this byte or later, or is counted from the end, is asked of the backend by itself when nothing is stored, and stored as a part. What begins earlier waits for the whole, which is fetched for all. Only under policy=rfc9111.',
  ),
  read_path: word(
    'auto',
    ['auto', 'raw', 'onread', 'events'],
    ['must_restart', 'experimental', 'lacquer'],
    'How client sockets are read and written: raw by their libuv handles, onread by sockets that share one buffer, events by plain streams. auto takes the first of these that this Node supports.',
  ),
  recode_br: bool(
    false,
    ['lacquer'],
    'Whether popular objects are kept as br, too, for clients that prefer it to what is stored. Made in the background, of what is stored as gzip and of plain text. Rules say for which responses: beresp.do_recode.',
  ),
  recode_br_level: integer(
    9,
    { min: 0, max: 11, flags: ['lacquer'] },
    'How hard compression as br tries: 11 is best, and some ten times slower than 9.',
  ),
  recode_hits: integer(
    10,
    { min: 1, flags: ['lacquer'], unit: 'hits' },
    'How often an object is to have been delivered before it is kept in other codings.',
  ),
  recode_max_size: bytes(
    1 * M,
    { min: 1 * K, max: 64 * M, flags: ['lacquer'] },
    'Bodies that are larger, as they are stored or decompressed, are not kept in other codings. One is made at a time, whatever the number of workers; while that lasts it takes a few times as much memory.',
  ),
  recode_zstd: bool(false, ['lacquer'], 'As recode_br, for zstd.'),
  recode_zstd_level: integer(12, { min: 1, max: 19, flags: ['lacquer'] }, 'How hard compression as zstd tries.'),
  reload_keep: integer(
    3,
    { min: 0, unit: 'rule sets', flags: ['lacquer'] },
    'How many of the rule sets that SIGHUP has loaded, and that others have replaced, stay loaded: vcl.use goes back to one. Older ones are discarded.',
  ),
  send_timeout: duration(
    600,
    { min: 0, flags: ['delayed_effect'] },
    'How long the whole of one response may take to be sent to a client. 0 waits for ever.',
  ),
  shutdown_timeout: duration(
    10,
    { min: 0, max: 3600, flags: ['lacquer'] },
    'On SIGTERM or SIGINT: how long requests in flight may take to finish before their connections are closed.',
  ),
  spare_worker: bool(
    true,
    ['must_restart', 'lacquer'],
    'Whether a thread is kept that can take the place of a worker that dies: it is begun two seconds after all serve, and serves requests of its own for a few seconds, so that it is as quick as the others from the first request that it is given. It costs 60M to 90M of memory, and about a second of a core each time.',
  ),
  tag_fields: tagFields(
    'xkey:space, Surrogate-Key:space, Cache-Tag:comma',
    'Fields of responses that name tags by which they can be purged, each with what stands between two tags: space or comma. Cache-Groups (RFC 9875) is heard in any case. none hears no others.',
  ),
  timeout_idle: duration(
    5,
    { min: 0 },
    'How long a client connection may be idle between two requests, and before the first; and how long a request body may pause. What comes of a body more slowly than 128 bytes a second uses that up.',
  ),
  timeout_linger: duration(
    0.05,
    { min: 0, flags: ['experimental'] },
    'How long a connection is expected to send its next request at once. Lacquer parks every idle connection for free, so that it only serves as the default of sess.timeout_linger.',
  ),
  timeout_req: duration(
    10,
    { min: 0, flags: ['lacquer'] },
    'How long a client may take from the first byte of a request to the end of its head, however steadily it drips. 0 waits for ever.',
  ),
  transit_buffer: bytes(
    M,
    { min: 0, flags: ['lacquer'] },
    'How far a backend may run ahead of its slowest reader while a response that is not stored (pass, uncacheable, too large) streams through.',
  ),
  uncacheable_ttl: duration(
    120,
    { min: 0, flags: ['obj_sticky'] },
    'How long the memory lasts that a response was not cacheable (hit-for-miss), so that the next requests for it do not wait for each other.',
  ),
  vcc_err_unref: bool(true, [], 'Whether a declaration in rules that nothing uses is an error (on) or a warning (off).'),
  vcl_cooldown: duration(
    600,
    { min: 1 },
    'How long rules that are not used, and whose state is auto, stay warm: after that their idle connections to backends end, and their backends are not probed.',
  ),
  vcl_path: text(
    '/etc/lacquer:/usr/share/lacquer/vcl:/etc/varnish:/usr/share/varnish/vcl',
    ['lacquer'],
    'Directories, separated by colons, where `include` and `-f` look for rule files that are not found as given.',
  ),
  vsl_buffer: bytes(
    16 * K,
    { min: 267, max: 4 * M },
    'Size of a batch of log records; a transaction that is longer is written in several. At most a sixteenth of vsl_space.',
  ),
  vsl_mask: text(
    DEFAULT_MASK,
    [],
    'Log tags that are suppressed. +Tag records one, -Tag suppresses it; several are separated by commas. `default` goes back to the default, `all` suppresses every tag, `none` no tag. VCL_trace is recorded of rules that are loaded from then on.',
    { fits: () => true, expected: 'log tags', change: changeMask },
  ),
  vsl_reclen: bytes(255, { min: 16, max: 16_372 }, 'Longest payload of a log record; the rest is cut off.'),
  vsl_space: bytes(
    56 * M,
    { min: M, max: 4 * G, flags: ['must_restart', 'lacquer'] },
    'Size of the ring of log records that all workers share. Varnish’s default is 80M; from 64M on each thread collects garbage once more at the start.',
  ),
  vsl_version: word(
    '3',
    ['2', '3'],
    ['must_restart', 'lacquer'],
    'Format of the log: 3 is that of Varnish 7.3 and newer (VSLHEAD2), 2 that of Varnish up to 7.2 (VSLHEAD1). The tools must be of the same age.',
  ),
  worker_heap: bytes(
    0,
    { min: 0, max: 64 * G, flags: ['must_restart', 'lacquer'] },
    'How large the JavaScript heap of a worker may become: connections, requests under way, what is remembered of objects; bodies are not in it. A worker that exceeds it is replaced. 0 gives each worker its part of half the memory this process may use: at least 128M, at most 4G.',
  ),
} as const

export type ParameterName = keyof typeof PARAMETERS

type ValueOf<R> = R extends Row<infer V> ? V : never

/** Current values: durations in seconds, sizes in bytes. A plain object, so that it can be posted to a worker. */
export type ParameterValues = { -readonly [N in ParameterName]: ValueOf<(typeof PARAMETERS)[N]> }

export type ParameterRow = Row<number | boolean | string>

export const PARAMETER_NAMES = Object.keys(PARAMETERS) as ParameterName[]

export function parameterRow(name: ParameterName): ParameterRow {
  return PARAMETERS[name]
}

export function isParameter(name: string): name is ParameterName {
  return Object.hasOwn(PARAMETERS, name)
}

export function defaultParameters(): ParameterValues {
  return Object.fromEntries(PARAMETER_NAMES.map((name) => [name, PARAMETERS[name].default])) as ParameterValues
}
