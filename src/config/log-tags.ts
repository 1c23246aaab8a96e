/**
 * Tags of log records, with their numbers on disk: of Varnish up to 7.2 (VSLHEAD1) and since 7.3 (VSLHEAD2), where three were taken
 * out and those behind them moved up. Within the program a tag has its older number, whatever is written. Numbers are frozen; tags
 * that nothing writes keep theirs.
 */

export interface TagRow {
  readonly number: number
  /** In VSLHEAD2; 0 when it has gone. */
  readonly number2: number
  /** Kind of transaction it stands in; `none` is outside any (id 0). */
  readonly where: 'sess' | 'req' | 'bereq' | 'any' | 'none' | 'reader' | 'unused'
  /** Suppressed unless vsl_mask asks for it. */
  readonly masked: boolean
  /** Payload may hold any byte: readers escape it. */
  readonly unsafe: boolean
  readonly binary: boolean
  /** Varnish writes it, and nothing here does: it is read in Varnish's logs. */
  readonly foreign: boolean
  readonly about: string
}

const PLAIN = { masked: false, unsafe: false, binary: false, foreign: false }
const MASKED = { masked: true }
const UNSAFE = { unsafe: true }
const BINARY = { binary: true }
const FOREIGN = { foreign: true }

function tag(number: number, number2: number, where: TagRow['where'], about: string, options: Partial<typeof PLAIN> = {}): TagRow {
  return { ...PLAIN, ...options, number, number2, where, about }
}

const GONE = 0

function unused(number: number, number2: number): TagRow {
  return tag(number, number2, 'unused', 'Not used')
}

export const TAGS = {
  Debug: tag(1, 1, 'any', 'Free text for developers', { ...MASKED, ...UNSAFE }),
  Error: tag(2, 2, 'any', 'Something went wrong: free text'),
  CLI: tag(3, 3, 'none', 'A command of the admin port and its answer'),
  SessOpen: tag(4, 4, 'sess', 'Client address and port, listen name, local address and port, time, descriptor'),
  SessClose: tag(5, 5, 'sess', 'Why the connection closed, and its age in seconds'),
  BackendOpen: tag(6, 6, 'bereq', 'Connection to a backend: its descriptor, backend, both addresses, connect or reuse'),
  BackendReuse: unused(7, GONE),
  BackendClose: tag(8, 7, 'bereq', 'Descriptor as in BackendOpen, backend, and recycle or close with the reason'),
  HttpGarbage: tag(9, 8, 'req', 'Bytes that could not be parsed', UNSAFE),
  Proxy: tag(10, 9, 'sess', 'PROXY protocol version, client and server address'),
  ProxyGarbage: tag(11, 10, 'sess', 'PROXY header that could not be parsed'),
  Backend: unused(12, GONE),
  Length: tag(13, 11, 'bereq', 'Length of the object’s body'),
  FetchError: tag(14, 12, 'bereq', 'Why the fetch failed'),
  ReqMethod: tag(15, 13, 'req', 'Method of the client’s request'),
  ReqURL: tag(16, 14, 'req', 'Target of the client’s request'),
  ReqProtocol: tag(17, 15, 'req', 'Protocol of the client’s request'),
  ReqStatus: unused(18, 16),
  ReqReason: unused(19, 17),
  ReqHeader: tag(20, 18, 'req', 'Field line of the request, as received or as set by rules'),
  ReqUnset: tag(21, 19, 'req', 'Field line removed from the request'),
  ReqLost: unused(22, 20),
  RespMethod: unused(23, 21),
  RespURL: unused(24, 22),
  RespProtocol: tag(25, 23, 'req', 'Protocol of the response to the client'),
  RespStatus: tag(26, 24, 'req', 'Status of the response to the client'),
  RespReason: tag(27, 25, 'req', 'Reason phrase of the response to the client'),
  RespHeader: tag(28, 26, 'req', 'Field line of the response to the client'),
  RespUnset: tag(29, 27, 'req', 'Field line removed from the response to the client'),
  RespLost: unused(30, 28),
  BereqMethod: tag(31, 29, 'bereq', 'Method of the request to the backend'),
  BereqURL: tag(32, 30, 'bereq', 'Target of the request to the backend'),
  BereqProtocol: tag(33, 31, 'bereq', 'Protocol of the request to the backend'),
  BereqStatus: unused(34, 32),
  BereqReason: unused(35, 33),
  BereqHeader: tag(36, 34, 'bereq', 'Field line of the request to the backend'),
  BereqUnset: tag(37, 35, 'bereq', 'Field line removed from the request to the backend'),
  BereqLost: unused(38, 36),
  BerespMethod: unused(39, 37),
  BerespURL: unused(40, 38),
  BerespProtocol: tag(41, 39, 'bereq', 'Protocol of the backend’s response'),
  BerespStatus: tag(42, 40, 'bereq', 'Status of the backend’s response'),
  BerespReason: tag(43, 41, 'bereq', 'Reason phrase of the backend’s response'),
  BerespHeader: tag(44, 42, 'bereq', 'Field line of the backend’s response'),
  BerespUnset: tag(45, 43, 'bereq', 'Field line removed from the backend’s response'),
  BerespLost: unused(46, 44),
  ObjMethod: unused(47, 45),
  ObjURL: unused(48, 46),
  ObjProtocol: tag(49, 47, 'req', 'Protocol of the object', MASKED),
  ObjStatus: tag(50, 48, 'req', 'Status of the object', MASKED),
  ObjReason: tag(51, 49, 'req', 'Reason phrase of the object', MASKED),
  ObjHeader: tag(52, 50, 'req', 'Field line of the object', MASKED),
  ObjUnset: tag(53, 51, 'req', 'Field line removed from the object', FOREIGN),
  ObjLost: unused(54, 52),
  BogoHeader: tag(55, 53, 'req', 'Field line that was refused, and why'),
  LostHeader: tag(56, 54, 'any', 'Field line that rules were to set, and that found no room'),
  TTL: tag(57, 55, 'bereq', 'RFC, VCL or HFP; ttl, grace, keep, time base and what they came from; cacheable or uncacheable'),
  Fetch_Body: tag(58, 56, 'bereq', 'How the body is framed, and whether it streams'),
  VCL_acl: tag(59, 57, 'any', 'MATCH or NO_MATCH, the list, and the entry'),
  VCL_call: tag(60, 58, 'any', 'Built-in sub that is called'),
  VCL_trace: tag(
    61,
    59,
    'any',
    'Statement that runs: rule set, number, and file, line and column; of rules that were loaded when it was unmasked',
    MASKED,
  ),
  VCL_return: tag(62, 60, 'any', 'Action that a built-in sub returned'),
  ReqStart: tag(63, 61, 'req', 'Client address and port, listen name'),
  Hit: tag(64, 62, 'req', 'Transaction that made the object; ttl, grace and keep left; when still filling, bytes so far and in all'),
  HitPass: tag(65, 63, 'req', 'Transaction that made the marker, and its ttl left'),
  ExpBan: tag(66, 64, 'req', 'Object removed by a ban'),
  ExpKill: tag(
    67,
    65,
    'none',
    'Object that has left a store: EXP_Expired when its time was over, with the seconds it had left to be fresh; LRU to make room',
    MASKED,
  ),
  WorkThread: tag(68, 66, 'none', 'A worker started or ended', { ...MASKED, ...FOREIGN }),
  ESI_xmlerror: tag(69, 67, 'bereq', 'Fault in ESI markup'),
  Hash: tag(70, 68, 'req', 'A part of the key', { ...MASKED, ...UNSAFE }),
  Backend_health: tag(71, 69, 'none', 'Result of a health probe'),
  VCL_Log: tag(72, 70, 'any', 'Text from std.log()'),
  VCL_Error: tag(73, 71, 'any', 'Failure while running rules'),
  Gzip: tag(
    74,
    72,
    'any',
    'What was compressed or expanded, bytes in and out; where in it blocks begin, the last is marked, and ends: bits, 0 where not known',
  ),
  Link: tag(75, 73, 'any', 'A child transaction: kind, id, reason'),
  Begin: tag(76, 74, 'any', 'First record: kind, parent, reason'),
  End: tag(77, 75, 'any', 'Last record'),
  VSL: tag(78, 76, 'reader', 'Made by readers about what they read'),
  Storage: tag(79, 77, 'any', 'Kind and name of the store that holds the body'),
  Timestamp: tag(80, 78, 'any', 'Event: time, seconds since the start, seconds since the event before'),
  ReqAcct: tag(81, 79, 'req', 'Bytes received (head, body, sum) and sent (head, body, sum)'),
  PipeAcct: tag(82, 80, 'req', 'Bytes of both heads, from the client, to the client'),
  BereqAcct: tag(83, 81, 'bereq', 'Bytes sent (head, body, sum) and received (head, body, sum)'),
  VfpAcct: tag(84, 82, 'any', 'What reads a body from the network, or a filter of it: name, calls, bytes that it handed on', MASKED),
  Witness: tag(85, 83, 'none', 'Order of locks', FOREIGN),
  BackendStart: unused(86, GONE),
  H2RxHdr: tag(87, 84, 'sess', 'HTTP/2 frame head received', { ...MASKED, ...BINARY, ...FOREIGN }),
  H2RxBody: tag(88, 85, 'sess', 'HTTP/2 frame received', { ...MASKED, ...BINARY, ...FOREIGN }),
  H2TxHdr: tag(89, 86, 'sess', 'HTTP/2 frame head sent', { ...MASKED, ...BINARY, ...FOREIGN }),
  H2TxBody: tag(90, 87, 'sess', 'HTTP/2 frame sent', { ...MASKED, ...BINARY, ...FOREIGN }),
  HitMiss: tag(91, 88, 'req', 'Transaction that made the marker, and its ttl left'),
  Filters: tag(92, 89, 'any', 'Filters the body passes'),
  SessError: tag(93, 90, 'none', 'A connection could not be accepted'),
  VCL_use: tag(94, 91, 'any', 'Rule set in use'),
  Notice: tag(95, 92, 'any', 'Advice about configuration or resources', FOREIGN),
  VdpAcct: tag(96, 93, 'req', 'A filter of a delivery, or what wrote it: name, calls, bytes that it was given', MASKED),
} as const satisfies Record<string, TagRow>

export type TagName = keyof typeof TAGS
