/**
 * The counters, by class. One table; the blocks take their layout from it, Prometheus its help texts, the reference page
 * its rows. Names and meanings are Varnish's; rows marked `own` exist only here. A counter that nothing counts yet is not
 * listed.
 */

export type CounterType = 'counter' | 'gauge'
/** Who wants to see it: operators, those who look for a fault, developers. */
export type CounterLevel = 'info' | 'diag' | 'debug'
export type CounterFormat = 'integer' | 'bytes' | 'duration' | 'bitmap'

export interface CounterRow {
  readonly type: CounterType
  readonly level: CounterLevel
  readonly format: CounterFormat
  /** How the workers' values make one: added up, or (facts each of them knows in full) the largest. */
  readonly combine: 'sum' | 'max'
  readonly own: boolean
  readonly about: string
}

type Options = Partial<Omit<CounterRow, 'type' | 'about'>>

const COMMON = { level: 'info', format: 'integer', combine: 'sum', own: false } as const

function counter(about: string, options: Options = {}): CounterRow {
  return { type: 'counter', ...COMMON, ...options, about }
}

function gauge(about: string, options: Options = {}): CounterRow {
  return { type: 'gauge', ...COMMON, ...options, about }
}

function closed(why: string): CounterRow {
  return counter(`Connections closed because ${why}`, DIAG)
}

const DIAG: Options = { level: 'diag' }
const BYTES: Options = { format: 'bytes' }
const OWN: Options = { own: true }

export const MAIN_COUNTERS = {
  uptime: counter('Seconds since start', { format: 'duration', combine: 'max' }),

  sess_conn: counter('Client connections accepted'),
  sess_fail: counter('Connections that could not be accepted (out of file descriptors, aborted before accept)'),
  sess_fail_econnaborted: counter('Of these: the client gave up before it was accepted (ECONNABORTED)'),
  sess_fail_emfile: counter('Of these: out of file descriptors (EMFILE, ENFILE): raise ulimit -n'),
  sess_fail_enomem: counter('Of these: out of memory of the kernel (ENOMEM, ENOBUFS)'),
  sess_fail_other: counter('Of these: for another reason'),
  sess_dropped: counter('Connections closed on arrival because max_connections was reached'),
  sess_open: gauge('Client connections open now', OWN),
  sess_closed: counter('Client connections closed'),
  sess_closed_err: counter('Client connections closed for a reason that is an error'),
  sess_readahead: counter('Requests that arrived together with the one before them (pipelined)'),
  sess_proxy_err: counter('Connections refused because the PROXY header was missing or malformed', { ...OWN, ...DIAG }),

  client_req_400: counter('Requests refused with 400 because they were malformed or too large'),
  client_req_417: counter('Requests refused with 417 because of an unknown expectation'),
  client_req: counter('Well-formed requests received'),
  esi_req: counter('Requests made for ESI includes'),
  client_resp_304: counter('Conditional requests answered 304 from the cache', OWN),
  client_resp_500: counter('Requests answered with 500 or 503 because handling them failed', DIAG),

  cache_hit: counter('Requests answered from the cache, including those in grace'),
  cache_hit_grace: counter('Requests answered with an expired object while it was in grace'),
  cache_hitpass: counter('Lookups that found a hit-for-pass marker: passed'),
  cache_hitmiss: counter('Lookups that found a hit-for-miss marker: fetched without waiting for others'),
  cache_miss: counter('Lookups that led to a fetch for the cache'),
  beresp_uncacheable: counter('Backend responses that were not allowed into the cache'),

  busy_sleep: counter('Requests that began to wait for another request’s fetch'),
  busy_wakeup: counter('Waiting requests that were woken'),
  busy_served: counter('Waiting requests answered from the object they waited for', OWN),
  busy_refused: counter('Requests answered 503 because busy_waiters_max were waiting already', OWN),
  busy_timeout: counter('Waiting requests that fetched for themselves after busy_wait_timeout', OWN),

  backend_conn: counter('Connections to backends opened'),
  backend_unhealthy: counter('Fetches not tried because the backend was unhealthy'),
  backend_busy: counter('Fetches not tried because the backend had max_connections'),
  backend_fail: counter('Connections to backends that failed'),
  backend_reuse: counter('Fetches sent on a connection that was open already'),
  backend_recycle: counter('Connections to backends kept for reuse after a fetch'),
  backend_wait: counter('Fetches that waited for a connection because max_connections was reached'),
  backend_wait_fail: counter('Fetches that waited for a connection in vain'),
  backend_retry: counter('Fetches repeated because a reused connection turned out closed'),
  backend_req: counter('Requests sent to backends'),

  fetch_head: counter('Fetches without a body because the request was HEAD'),
  fetch_length: counter('Fetches with a body of declared length'),
  fetch_chunked: counter('Fetches with a chunked body'),
  fetch_eof: counter('Fetches with a body that ended with the connection'),
  fetch_none: counter('Fetches with an empty body'),
  fetch_1xx: counter('Fetches without a body because of a 1xx status'),
  fetch_204: counter('Fetches without a body because of status 204'),
  fetch_304: counter('Fetches without a body because of status 304: a stored object was revalidated'),
  fetch_failed: counter('Fetches that failed, before or within the body'),
  esi_errors: counter('Faults found in ESI, each of which is left out', DIAG),
  esi_warnings: counter('Bad style found in ESI', DIAG),

  n_gzip: counter('Bodies compressed'),
  n_gunzip: counter('Bodies decompressed'),
  n_test_gunzip: counter('Compressed bodies checked'),
  n_brotli: counter('Stored bodies copied as br', OWN),
  n_zstd: counter('Stored bodies copied as zstd', OWN),
  recode_hit: counter('Hits answered with such a copy', OWN),
  recode_dropped: counter('Copies that were of no use when they were made: no smaller, no room, or their object had left', OWN),
  n_object: gauge('Objects in the cache'),
  n_objecthead: gauge('Keys that a worker remembers: of the one that remembers most', { combine: 'max' }),
  n_backend: gauge('Backends of all rule sets', { combine: 'max' }),
  n_expired: counter('Objects removed because their time was over'),
  n_lru_nuked: counter(
    'Objects removed to make room: c_evicted_small, c_evicted_main and c_crowded of all stores, and objects whose body outgrew its store as it came',
  ),
  n_lru_moved: counter('Objects that were kept when room was made, because they are asked for', DIAG),
  n_purges: counter('Purges carried out, of a URL or of tags, softly or for good'),
  n_obj_purged: counter('Objects removed by purges'),
  n_obj_softpurged: counter('Objects made stale by soft purges', OWN),
  n_tag_purges: counter('Tags purged, softly or for good', OWN),

  bans: gauge('Bans in the list, those that are completed included'),
  bans_completed: gauge('Bans in the list that no object needs to be tested for any more', DIAG),
  bans_obj: gauge('Bans that ask for obj.* only: worked off in the background', DIAG),
  bans_req: gauge('Bans that ask for req.*, too: tested at lookups only', DIAG),
  bans_added: counter('Bans added', DIAG),
  bans_deleted: counter('Bans that have left the list', DIAG),
  bans_tested: counter('Bans tested at lookups', DIAG),
  bans_tests_tested: counter('Conditions of bans tested at lookups', DIAG),
  bans_obj_killed: counter('Objects found banned at lookups', DIAG),
  bans_lurker_tested: counter('Bans tested in the background', DIAG),
  bans_lurker_tests_tested: counter('Conditions of bans tested in the background', DIAG),
  bans_lurker_obj_killed: counter('Objects found banned in the background', DIAG),
  bans_lurker_obj_killed_cutoff: counter('Objects removed in the background because of ban_cutoff', DIAG),
  bans_lurker_contention: counter('Times that the background work made way for lookups', DIAG),
  bans_dups: counter('Bans in whose place a later one of the same words came', DIAG),
  bans_persisted_bytes: gauge('Bytes of the list of bans, which files keep', { ...DIAG, ...BYTES }),
  bans_persisted_fragmentation: gauge('Bytes of it that completed bans take', { ...DIAG, ...BYTES }),

  n_invalidated: counter('Keys invalidated by unsafe requests (RFC 9111 section 4.4)', OWN),
  n_pipe: gauge('Pipes open now'),
  loop_lag: gauge('How late a worker’s event loop came to its latest housekeeping; of the latest worker', {
    format: 'duration',
    combine: 'max',
    own: true,
  }),
  n_vcl: gauge('Rule sets loaded, discarded ones included that requests still go by', { combine: 'max' }),
  n_vcl_avail: gauge('Rule sets that can be used', { combine: 'max', level: 'diag' }),
  n_vcl_discard: gauge('Rule sets that have been discarded, and that requests still go by', { combine: 'max', level: 'diag' }),

  s_sess: counter('Client connections that were served'),
  s_pipe: counter('Requests piped'),
  s_pass: counter('Requests passed'),
  s_fetch: counter('Fetches from backends, all kinds'),
  s_bgfetch: counter('Fetches in the background, to refresh an object in grace'),
  s_synth: counter('Responses made by rules or by ourselves'),
  s_req_hdrbytes: counter('Bytes of request heads received', BYTES),
  s_req_bodybytes: counter('Bytes of request bodies received', BYTES),
  s_resp_hdrbytes: counter('Bytes of response heads sent', BYTES),
  s_resp_bodybytes: counter('Bytes of response bodies sent', BYTES),
  s_pipe_hdrbytes: counter('Bytes of heads of requests that were piped', BYTES),
  s_pipe_in: counter('Bytes piped from clients', BYTES),
  s_pipe_out: counter('Bytes piped to clients', BYTES),

  sc_rem_close: closed('the client closed them'),
  sc_req_close: closed('the client asked for it'),
  sc_req_http10: closed('the request was HTTP/1.0 without keep-alive'),
  sc_rx_bad: closed('reading failed or a request was refused'),
  sc_rx_body: closed('a request body was broken or not read to its end'),
  sc_rx_junk: closed('what arrived was not HTTP'),
  sc_rx_overflow: closed('a request head was too large'),
  sc_rx_timeout: closed('a request took too long to arrive'),
  sc_rx_close_idle: closed('no request came within timeout_idle'),
  sc_tx_pipe: closed('a pipe ended'),
  sc_tx_error: closed('writing failed or took too long'),
  sc_tx_eof: closed('the end of the connection marked the end of a body'),
  sc_resp_close: closed('the backend or rules asked for it'),
  sc_overload: closed('some resource ran out'),
  sc_vcl_failure: closed('rules failed'),
  sc_shutdown: counter('Connections closed because Lacquer was shutting down', { ...OWN, ...DIAG }),

  losthdr: counter('Requests and backend responses refused because they had more than http_max_hdr field lines'),
  vcl_fail: counter('Failures while running rules'),

  // These six stand together: a log writer is given them as one slice (log/writer.ts).
  shm_records: counter('Log records written', DIAG),
  shm_writes: counter('Writes to the log: one per batch', DIAG),
  shm_flushes: counter('Batches written before their transaction ended because they were full', DIAG),
  shm_cont: counter('Waits for another writer of the log', DIAG),
  shm_cycles: counter('Times the log’s ring began again', DIAG),
  shm_lost: counter('Batches of log records that were not written, because another writer was suspended where they belonged', {
    ...OWN,
    ...DIAG,
  }),
} as const satisfies Record<string, CounterRow>

/** The manager; what it calls the child are all workers together. */
export const MGT_COUNTERS = {
  uptime: counter('Seconds since the program was started', { format: 'duration', combine: 'max' }),
  child_start: counter('Times that the workers were started', DIAG),
  child_stop: counter('Times that the workers were stopped by a command', DIAG),
  child_exit: counter('Times that the workers ended because they were told to', DIAG),
  child_died: counter('Workers that ended unexpectedly, and were replaced', DIAG),
  child_panic: counter('Workers that died of a mistake or of lack of memory, and were replaced; panic.clear -z counts from 0 again', DIAG),
} as const satisfies Record<string, CounterRow>

/** A store in memory, one block per store: SMA.<store>.<counter>. SMA.Transient is what is held for its readers only. */
export const SMA_COUNTERS = {
  c_req: counter('Objects for which room was asked'),
  c_fail: counter('Objects for which there was no room'),
  c_bytes: counter('Bytes allocated, those included that were found in a file', BYTES),
  c_freed: counter('Bytes given back', BYTES),
  g_alloc: gauge('Objects'),
  g_bytes: gauge('Bytes in use', BYTES),
  g_space: gauge('Bytes free', BYTES),
} as const satisfies Record<string, CounterRow>

/** The same of a store in a file: SMF.<store>.<counter>. */
export const SMF_COUNTERS = {
  ...SMA_COUNTERS,
  g_space: gauge('Bytes free, those included that its disk may not have', BYTES),
} as const satisfies Record<string, CounterRow>

/** How a store is doing, whatever it lies in: ARENA.<store>.<counter>. */
export const ARENA_COUNTERS = {
  g_segments: gauge('Segments', OWN),
  g_segments_free: gauge('Segments that are free', OWN),
  g_segments_retired: gauge('Segments in which nothing can be found any more, and which some worker or client may still read', OWN),
  c_evicted_small: counter(
    'Objects evicted out of the small ring, in which most begin: they had not been asked for again, or not often enough for their size. Some of those in n_lru_nuked',
    OWN,
  ),
  c_evicted_main: counter(
    'Objects evicted out of the main ring, which has what was asked for again, and what is larger than the small one. Some of those in n_lru_nuked',
    OWN,
  ),
  c_expired: counter('Objects removed because their time was over', OWN),
  c_moved: counter('Objects that eviction has kept', OWN),
  c_moved_bytes: counter('Bytes copied to keep them', { ...OWN, ...BYTES }),
  c_disk_errors: counter('Times the disk had no room for a file store, or could not read or write it', OWN),
  c_broken: counter('Objects of an earlier process that a file store found to be broken, and gave up', OWN),
  c_purged: counter('Objects removed because a tag of theirs was purged', OWN),
  c_purges_forgotten: counter(
    'Purged tags that had to make room for others: objects with tags that nobody has asked for since are fetched again',
    OWN,
  ),
  c_tags_unlisted: counter('Tags of stored objects for which the index of tags had no room: purges do not count these objects', OWN),
  c_crowded: counter('Objects removed because their part of the index was full: some of those in n_lru_nuked', OWN),
} as const satisfies Record<string, CounterRow>

/** A backend, one block per backend: VBE.<backend>.<counter>. */
export const VBE_COUNTERS = {
  happy: gauge('Which of the last 53 health probes were good: bits, the newest the lowest', { combine: 'max', format: 'bitmap' }),
  up: gauge('Whether it is taken for healthy: 1, or 0 when its probe or an operator says that it is sick; 1 while its rules are cold', {
    ...OWN,
    combine: 'max',
  }),
  bereq_hdrbytes: counter('Bytes of request heads sent', BYTES),
  bereq_bodybytes: counter('Bytes of request bodies sent', BYTES),
  beresp_hdrbytes: counter('Bytes of response heads received', BYTES),
  beresp_bodybytes: counter('Bytes of response bodies received', BYTES),
  pipe_hdrbytes: counter('Bytes of request heads sent to begin pipes', BYTES),
  pipe_out: counter('Bytes piped to it', BYTES),
  pipe_in: counter('Bytes piped from it', BYTES),
  conn: gauge('Requests under way'),
  req: counter('Requests sent'),
  unhealthy: counter('Fetches not tried because the backend was unhealthy'),
  busy: counter('Fetches not tried because max_connections was reached'),
  fail: counter('Connections that failed'),
  fail_eacces: counter('Connections that failed because they were not permitted (EACCES, EPERM)', DIAG),
  fail_eaddrnotavail: counter('Connections that failed because no local address was free (EADDRNOTAVAIL)', DIAG),
  fail_econnrefused: counter('Connections that were refused (ECONNREFUSED)', DIAG),
  fail_enetunreach: counter('Connections that failed because the network could not be reached (ENETUNREACH)', DIAG),
  fail_etimedout: counter('Connections that took too long', DIAG),
  fail_other: counter('Connections that failed for another reason', DIAG),
  helddown: counter('Connections not tried because one had just failed', DIAG),
} as const satisfies Record<string, CounterRow>

export const COUNTER_CLASSES = {
  MAIN: MAIN_COUNTERS,
  MGT: MGT_COUNTERS,
  SMA: SMA_COUNTERS,
  SMF: SMF_COUNTERS,
  ARENA: ARENA_COUNTERS,
  VBE: VBE_COUNTERS,
} as const
export type CounterClass = keyof typeof COUNTER_CLASSES

type Rows = readonly (readonly [string, CounterRow])[]

const ROWS = new Map<string, Rows>(Object.entries(COUNTER_CLASSES).map(([kind, rows]) => [kind, Object.entries<CounterRow>(rows)]))

/** In the order of their places in blocks. */
export function counterRows(kind: CounterClass): Rows {
  return ROWS.get(kind) ?? []
}
