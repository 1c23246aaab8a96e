import { OperatorError } from '../base/errors.ts'
import { nearest } from '../base/nearest.ts'

/**
 * Tags of log records, by their numbers on disk: those of Varnish 7.1 (VSLHEAD1). Numbers are frozen; tags that nothing
 * writes keep theirs.
 */

export interface TagRow {
  readonly number: number
  /** Kind of transaction it stands in; `none` is outside any (id 0). */
  readonly where: 'sess' | 'req' | 'bereq' | 'any' | 'none' | 'reader' | 'unused'
  /** Suppressed unless vsl_mask asks for it. */
  readonly masked: boolean
  /** Payload may hold any byte: readers escape it. */
  readonly unsafe: boolean
  readonly binary: boolean
  readonly about: string
}

const PLAIN = { masked: false, unsafe: false, binary: false }
const MASKED = { masked: true }
const UNSAFE = { unsafe: true }
const BINARY = { binary: true }

function tag(number: number, where: TagRow['where'], about: string, options: Partial<typeof PLAIN> = {}): TagRow {
  return { ...PLAIN, ...options, number, where, about }
}

function unused(number: number): TagRow {
  return tag(number, 'unused', 'Not used')
}

export const TAGS = {
  Debug: tag(1, 'any', 'Free text for developers', { ...MASKED, ...UNSAFE }),
  Error: tag(2, 'any', 'Something went wrong: free text'),
  CLI: tag(3, 'none', 'A command of the admin port and its answer'),
  SessOpen: tag(4, 'sess', 'Client address and port, listen name, local address and port, time, descriptor'),
  SessClose: tag(5, 'sess', 'Why the connection closed, and its age in seconds'),
  BackendOpen: tag(6, 'bereq', 'Connection to a backend: descriptor, backend, both addresses, connect or reuse'),
  BackendReuse: unused(7),
  BackendClose: tag(8, 'bereq', 'Descriptor, backend, and recycle or close with the reason'),
  HttpGarbage: tag(9, 'req', 'Bytes that could not be parsed', UNSAFE),
  Proxy: tag(10, 'sess', 'PROXY protocol version, client and server address'),
  ProxyGarbage: tag(11, 'sess', 'PROXY header that could not be parsed'),
  Backend: unused(12),
  Length: tag(13, 'bereq', 'Length of the object’s body'),
  FetchError: tag(14, 'bereq', 'Why the fetch failed'),
  ReqMethod: tag(15, 'req', 'Method of the client’s request'),
  ReqURL: tag(16, 'req', 'Target of the client’s request'),
  ReqProtocol: tag(17, 'req', 'Protocol of the client’s request'),
  ReqStatus: unused(18),
  ReqReason: unused(19),
  ReqHeader: tag(20, 'req', 'Field line of the request, as received or as set by rules'),
  ReqUnset: tag(21, 'req', 'Field line removed from the request'),
  ReqLost: unused(22),
  RespMethod: unused(23),
  RespURL: unused(24),
  RespProtocol: tag(25, 'req', 'Protocol of the response to the client'),
  RespStatus: tag(26, 'req', 'Status of the response to the client'),
  RespReason: tag(27, 'req', 'Reason phrase of the response to the client'),
  RespHeader: tag(28, 'req', 'Field line of the response to the client'),
  RespUnset: tag(29, 'req', 'Field line removed from the response to the client'),
  RespLost: unused(30),
  BereqMethod: tag(31, 'bereq', 'Method of the request to the backend'),
  BereqURL: tag(32, 'bereq', 'Target of the request to the backend'),
  BereqProtocol: tag(33, 'bereq', 'Protocol of the request to the backend'),
  BereqStatus: unused(34),
  BereqReason: unused(35),
  BereqHeader: tag(36, 'bereq', 'Field line of the request to the backend'),
  BereqUnset: tag(37, 'bereq', 'Field line removed from the request to the backend'),
  BereqLost: unused(38),
  BerespMethod: unused(39),
  BerespURL: unused(40),
  BerespProtocol: tag(41, 'bereq', 'Protocol of the backend’s response'),
  BerespStatus: tag(42, 'bereq', 'Status of the backend’s response'),
  BerespReason: tag(43, 'bereq', 'Reason phrase of the backend’s response'),
  BerespHeader: tag(44, 'bereq', 'Field line of the backend’s response'),
  BerespUnset: tag(45, 'bereq', 'Field line removed from the backend’s response'),
  BerespLost: unused(46),
  ObjMethod: unused(47),
  ObjURL: unused(48),
  ObjProtocol: tag(49, 'req', 'Protocol of the object', MASKED),
  ObjStatus: tag(50, 'req', 'Status of the object', MASKED),
  ObjReason: tag(51, 'req', 'Reason phrase of the object', MASKED),
  ObjHeader: tag(52, 'req', 'Field line of the object', MASKED),
  ObjUnset: tag(53, 'req', 'Field line removed from the object'),
  ObjLost: unused(54),
  BogoHeader: tag(55, 'req', 'Field line that was refused, and why'),
  LostHeader: tag(56, 'any', 'Field line that found no room'),
  TTL: tag(57, 'bereq', 'RFC, VCL or HFP; ttl, grace, keep, time base and what they came from; cacheable or uncacheable'),
  Fetch_Body: tag(58, 'bereq', 'How the body is framed, and whether it streams'),
  VCL_acl: tag(59, 'any', 'MATCH or NO_MATCH, the list, and the entry'),
  VCL_call: tag(60, 'any', 'Built-in sub that is called'),
  VCL_trace: tag(61, 'any', 'Place in the rules that was passed', MASKED),
  VCL_return: tag(62, 'any', 'Action that a built-in sub returned'),
  ReqStart: tag(63, 'req', 'Client address and port, listen name'),
  Hit: tag(64, 'req', 'Transaction that made the object; ttl, grace and keep left; when still filling, bytes so far and in all'),
  HitPass: tag(65, 'req', 'Transaction that made the marker, and its ttl left'),
  ExpBan: tag(66, 'req', 'Object removed by a ban'),
  ExpKill: tag(67, 'none', 'What the expiry of an object did', MASKED),
  WorkThread: tag(68, 'none', 'A worker started or ended', MASKED),
  ESI_xmlerror: tag(69, 'bereq', 'Fault in ESI markup'),
  Hash: tag(70, 'req', 'A part of the key', { ...MASKED, ...UNSAFE }),
  Backend_health: tag(71, 'none', 'Result of a health probe'),
  VCL_Log: tag(72, 'any', 'Text from std.log()'),
  VCL_Error: tag(73, 'any', 'Failure while running rules'),
  Gzip: tag(74, 'any', 'What was compressed or expanded, and sizes'),
  Link: tag(75, 'any', 'A child transaction: kind, id, reason'),
  Begin: tag(76, 'any', 'First record: kind, parent, reason'),
  End: tag(77, 'any', 'Last record'),
  VSL: tag(78, 'reader', 'Made by readers about what they read'),
  Storage: tag(79, 'any', 'Kind and name of the store that holds the body'),
  Timestamp: tag(80, 'any', 'Event: time, seconds since the start, seconds since the event before'),
  ReqAcct: tag(81, 'req', 'Bytes received (head, body, sum) and sent (head, body, sum)'),
  PipeAcct: tag(82, 'req', 'Bytes of both heads, from the client, to the client'),
  BereqAcct: tag(83, 'bereq', 'Bytes sent (head, body, sum) and received (head, body, sum)'),
  VfpAcct: tag(84, 'bereq', 'A fetch filter: name, calls, bytes', MASKED),
  Witness: tag(85, 'none', 'Order of locks'),
  BackendStart: unused(86),
  H2RxHdr: tag(87, 'sess', 'HTTP/2 frame head received', { ...MASKED, ...BINARY }),
  H2RxBody: tag(88, 'sess', 'HTTP/2 frame received', { ...MASKED, ...BINARY }),
  H2TxHdr: tag(89, 'sess', 'HTTP/2 frame head sent', { ...MASKED, ...BINARY }),
  H2TxBody: tag(90, 'sess', 'HTTP/2 frame sent', { ...MASKED, ...BINARY }),
  HitMiss: tag(91, 'req', 'Transaction that made the marker, and its ttl left'),
  Filters: tag(92, 'any', 'Filters the body passes'),
  SessError: tag(93, 'none', 'A connection could not be accepted'),
  VCL_use: tag(94, 'any', 'Rule set in use'),
  Notice: tag(95, 'any', 'Advice about configuration or resources'),
  VdpAcct: tag(96, 'req', 'A delivery filter: name, calls, bytes', MASKED),
} as const satisfies Record<string, TagRow>

export type TagName = keyof typeof TAGS

/** Numbers by name: `TAG.ReqURL`. */
export const TAG = Object.freeze(Object.fromEntries(Object.entries<TagRow>(TAGS).map(([name, row]) => [name, row.number]))) as {
  readonly [N in TagName]: number
}

const NAMES = new Map<number, TagName>(Object.entries(TAG).map(([name, number]) => [number, name as TagName]))

export function tagName(number: number): TagName | undefined {
  return NAMES.get(number)
}

/** One byte per tag number, 1 = suppressed. */
export type TagMask = Uint8Array

export function defaultMask(): TagMask {
  const mask = new Uint8Array(256)
  for (const row of Object.values<TagRow>(TAGS)) mask[row.number] = row.masked ? 1 : 0
  return mask
}

/** Reads vsl_mask: `default`, or changes to it such as `+Hash,-ReqHeader`; `all` suppresses every tag, `none` no tag. */
export function parseMask(text: string): TagMask {
  const mask = defaultMask()
  for (const item of text.split(',').map((part) => part.trim())) {
    if (item === 'default') mask.set(defaultMask())
    else if (item === 'all') mask.fill(1)
    else if (item === 'none') mask.fill(0)
    else mask[maskedTag(item)] = item.startsWith('-') ? 1 : 0
  }
  return mask
}

function maskedTag(item: string): number {
  const name = item.slice(1)
  if (!item.startsWith('+') && !item.startsWith('-')) {
    throw new OperatorError(`parameter vsl_mask: '${item}' is not +Tag, -Tag, default, all or none`)
  }
  const known = Object.keys(TAG).find((candidate) => candidate.toLowerCase() === name.toLowerCase())
  if (known) return TAG[known as TagName]
  const meant = nearest(name, Object.keys(TAG))
  throw new OperatorError(
    `parameter vsl_mask: there is no tag '${name}'${meant ? `: did you mean '${meant}'?` : '; see docs/reference/log-tags.md'}`,
  )
}
