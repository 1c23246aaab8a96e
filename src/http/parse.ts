import { COLON, CR, HTAB, isText, LF, readMethod, SLASH, SP, TARGET, TCHAR, VALUE } from './bytes.ts'
import type { Fields } from './fields.ts'
import { CLOSE, KEEP_ALIVE, UPGRADE_OPTION, connectionOptions, judgeTransferEncoding, readContentLength } from './framing.ts'
import { KnownBlocks, type KnownBlock } from './known-blocks.ts'
import { equalsToken } from './list.ts'
import type { RequestHead } from './message.ts'
import * as names from './names.ts'
import { isAuthority, readTarget } from './target.ts'

/** The parameters of the same names. */
export interface ParseLimits {
  /** Bytes of a request head, empty line included. */
  http_req_size: number
  /** Bytes of one field line, without its line end. The request line is bounded by http_req_size alone. */
  http_req_hdr_len: number
  /** Field lines. */
  http_max_hdr: number
}

/** Why a head was refused: answer `status`, then close. */
/** The reason of a refusal: http_max_hdr was exceeded. */
export const TOO_MANY_LINES = 'Too many field lines'

export interface Refusal {
  status: number
  /** What was wrong, for the log. */
  reason: string
  /** RX_JUNK: no request line; RX_OVERFLOW: a limit; RX_BAD: a request, but one we must not guess at. */
  close: 'RX_JUNK' | 'RX_OVERFLOW' | 'RX_BAD'
}

/** Numbers per field line in `spans`: name start, name end, value start, value end, what lookupName said. */
const SPAN = 5
/** RFC 9112 section 2.2 asks to ignore at least one empty line before the request line. */
const MAX_EMPTY_LINES = 2
/** Fields of which a second line is never right; the other steering ones are lists. */
const NEVER_REPEATED = (1 << names.HOST) | (1 << names.CONTENT_LENGTH) | (1 << names.TRANSFER_ENCODING)
/**
 * Imported bindings are loaded and checked anew at every access; a module's own constants are folded into the compiled loop.
 */
const tchar = TCHAR
const value = VALUE
const target = TARGET
const HTTP_SLASH = [72, 84, 84, 80, 47]

interface Latin1Buffer {
  latin1Slice(start: number, end: number): string
}

/**
 * Request heads, RFC 9112 sections 2 to 6, strictly: what can be read in two ways is refused. One walk over the bytes notes where
 * names and values are, then one latin1 string is made of the whole head and everything is a slice of it. Field names tend to come in
 * the order of the request before, so the name that followed last time is tried first. Nothing else is kept from one head to
 * the next: one parser serves all connections of a thread. Speed: bench/micro/http-parse.ts.
 */
export class RequestParser {
  /** Set when `parse` returned -1. */
  refusal: Refusal | undefined = undefined
  // Valid after a return above 0:
  framing: 'none' | 'length' | 'chunked' = 'none'
  /** Declared length; 0 for 'none' and 'chunked'. */
  content_length = 0
  keep_alive = false
  http11 = true
  /** HTTP/1.1 client with a body that waits for 100 Continue. */
  expect_continue = false
  /** CONNECT, or Connection: upgrade together with an Upgrade field and no body. */
  upgrade = false

  private readonly limits: ParseLimits
  private spans = new Int32Array(0)
  private lines = 0
  private method_end = 0
  private target_start = 0
  private target_end = 0
  /** Index of the line in `fields` by steering id, or -1. */
  private readonly steering = new Int32Array(names.STEERING_IDS)
  /** Repeated steering ids as bits. */
  private repeated = 0
  /** By id + 1 of a known name (0: the first line, or an unknown name): what followed it last time, as lookupName says it, or -1. */
  private readonly successors = new Int16Array(names.KNOWN_NAMES.length + 1).fill(-1)
  private last_host = ''
  private readonly blocks = new KnownBlocks()

  constructor(limits: ParseLimits) {
    this.limits = limits
  }

  /**
   * Parses one head from buffer[start, end) into `head`. Above 0: bytes consumed, leading empty lines included; 0: incomplete;
   * -1: refused, see `refusal`.
   *
   * `scanned` keeps slow-drip clients cheap: pass the `end - start` of the previous call for this same head (0 on the first). The
   * bytes are then walked again only if a line was completed, a limit reached or their number doubled, so that a head costs
   * O(lines x size) however it is cut; an error may be reported that much later.
   */
  parse(buffer: Buffer, start: number, end: number, head: RequestHead, scanned = 0): number {
    this.refusal = undefined
    const size_bytes = this.limits.http_req_size
    if (scanned > 0 && end - start < size_bytes && !worthParsing(buffer, start + scanned, end, scanned, end - start)) return 0
    const stop = end - start > size_bytes ? start + size_bytes : end
    const line = skipEmptyLines(buffer, start, stop)
    let pos = halfEmptyLine(buffer, start, line, stop) ? 0 : this.requestLine(buffer, line, stop)
    if (pos === 0 && stop - start >= size_bytes) return this.refuse(414, 'Request line too long', 'RX_OVERFLOW')
    if (pos <= 0) return pos
    const block = pos
    const method = scanned === 0 && stop === end && buffer[this.target_start] === SLASH ? readMethod(buffer, line, this.method_end) : ''
    if (method !== '') {
      const known = this.blocks.find(buffer, block, end, this.http11)
      if (known !== undefined && this.within(known)) {
        this.reuse(buffer, method, known, head)
        return end - start
      }
    }
    pos = this.fieldLines(buffer, pos, stop)
    if (pos === 0 && stop - start >= size_bytes) return this.refuse(431, 'Request head too large', 'RX_OVERFLOW')
    if (pos <= 0) return pos
    const text = (buffer as unknown as Latin1Buffer).latin1Slice(line, pos)
    this.fill(text, line, head)
    if (!this.judge(text, line, head)) return -1
    if (method !== '' && pos === end && this.plain) this.blocks.learn(buffer, block, end, head.fields, this.http11, this.keep_alive)
    return pos - start
  }

  /** Of the limits, which may have changed, those that a known block could break. */
  private within({ fields, line_bytes }: KnownBlock): boolean {
    return fields.count <= this.limits.http_max_hdr && line_bytes <= this.limits.http_req_hdr_len
  }

  /** Nothing of the field lines asks for anything but an answer. */
  private get plain(): boolean {
    return this.framing === 'none' && !this.upgrade && !this.expect_continue
  }

  /** The field lines are known. */
  private reuse(buffer: Buffer, method: string, known: KnownBlock, head: RequestHead): void {
    this.framing = 'none'
    this.content_length = 0
    this.keep_alive = known.keep_alive
    this.expect_continue = false
    this.upgrade = false
    if (!isText(buffer, this.target_start, this.target_end, known.url)) {
      known.url = (buffer as unknown as Latin1Buffer).latin1Slice(this.target_start, this.target_end)
      known.key = ''
    }
    head.method = method
    head.url = known.url
    head.proto = this.http11 ? 'HTTP/1.1' : 'HTTP/1.0'
    head.fields.copyFrom(known.fields)
    head.known = known
  }

  /** Position behind the request line, 0 incomplete, -1 refused. */
  private requestLine(buffer: Buffer, from: number, stop: number): number {
    let pos = from
    while (pos < stop && tchar[buffer[pos]] !== 0) pos++
    if (pos === stop) return 0
    if (pos === from || buffer[pos] !== SP) return this.refuse(400, 'Method is not a token and one space', 'RX_JUNK')
    this.method_end = pos
    this.target_start = ++pos
    while (pos < stop && target[buffer[pos]] !== 0) pos++
    if (pos === stop) return 0
    if (buffer[pos] === CR || buffer[pos] === LF) return this.refuse(400, 'No protocol version', 'RX_JUNK')
    if (pos === this.target_start || buffer[pos] !== SP) return this.refuse(400, 'Forbidden byte in the target', 'RX_JUNK')
    this.target_end = pos
    return this.version(buffer, pos + 1, stop)
  }

  private version(buffer: Buffer, from: number, stop: number): number {
    let pos = from
    for (let i = 0; i < 5; i++, pos++) {
      if (pos === stop) return 0
      if (buffer[pos] !== HTTP_SLASH[i]) return this.refuse(400, 'Protocol is not HTTP', 'RX_JUNK')
    }
    if (stop - pos < 5) return 0
    const major = buffer[pos] - 48
    const minor = buffer[pos + 2] - 48
    if (major < 0 || major > 9 || buffer[pos + 1] !== 46 || minor < 0 || minor > 9 || buffer[pos + 3] !== CR || buffer[pos + 4] !== LF)
      return this.refuse(400, 'Malformed protocol version', 'RX_JUNK')
    if (major !== 1) return this.refuse(505, 'Not HTTP/1', 'RX_BAD')
    this.http11 = minor > 0
    return pos + 5
  }

  /** Position behind the empty line, 0 incomplete, -1 refused. */
  private fieldLines(buffer: Buffer, from: number, stop: number): number {
    const { http_req_hdr_len, http_max_hdr } = this.limits
    // The limits may be parameters that change while we run.
    if (this.spans.length < SPAN * http_max_hdr) this.spans = new Int32Array(SPAN * http_max_hdr)
    const { spans, successors } = this
    let pos = from
    let previous = 0
    for (let lines = 0; ; lines++) {
      if (pos === stop) return 0
      const line = pos
      if (buffer[pos] === CR) return this.lastLine(buffer, pos, stop, lines)
      if (lines === http_max_hdr) return this.refuse(431, TOO_MANY_LINES, 'RX_OVERFLOW')
      let known: number = successors[previous]
      let name_end = known < 0 ? 0 : names.matchName(buffer, pos, stop, known)
      if (name_end === 0) {
        while (pos < stop && tchar[buffer[pos]] !== 0) pos++
        if (pos - line > http_req_hdr_len) return this.refuse(431, 'Field line too long', 'RX_OVERFLOW')
        if (pos === stop) return 0
        if (buffer[pos] !== COLON || pos === line) return this.badName(buffer[pos], pos === line)
        name_end = pos
        known = names.lookupName(buffer, line, name_end)
        if (known >= 0 && (known & 3) !== names.AS_OTHER) successors[previous] = known
      }
      previous = known < 0 ? 0 : (known >> 2) + 1
      pos = name_end + 1
      while (pos < stop && (buffer[pos] === SP || buffer[pos] === HTAB)) pos++
      const value_start = pos
      while (pos < stop && value[buffer[pos]] !== 0) pos++
      if (pos - line > http_req_hdr_len) return this.refuse(431, 'Field line too long', 'RX_OVERFLOW')
      if (pos === stop) return 0
      if (buffer[pos] !== CR) return this.badValue(buffer[pos])
      if (pos + 1 === stop) return 0
      if (buffer[pos + 1] !== LF) return this.badValue(CR)
      let value_end = pos
      while (value_end > value_start && (buffer[value_end - 1] === SP || buffer[value_end - 1] === HTAB)) value_end--
      const span = lines * SPAN
      spans[span] = line
      spans[span + 1] = name_end
      spans[span + 2] = value_start
      spans[span + 3] = value_end
      spans[span + 4] = known
      pos += 2
    }
  }

  private lastLine(buffer: Buffer, pos: number, stop: number, lines: number): number {
    if (pos + 1 === stop) return 0
    if (buffer[pos + 1] !== LF) return this.badValue(CR)
    this.lines = lines
    return pos + 2
  }

  private badName(byte: number, at_start: boolean): number {
    if (byte === LF) return this.badValue(LF)
    // RFC 9112 section 5.2: obs-fold; section 5.1: no whitespace between name and colon.
    if (byte === SP || byte === HTAB) return this.refuse(400, at_start ? 'Folded field line' : 'Whitespace before the colon', 'RX_BAD')
    return this.refuse(400, byte === COLON ? 'Empty field name' : 'Forbidden byte in a field name', 'RX_BAD')
  }

  private badValue(byte: number): number {
    if (byte === LF) return this.refuse(400, 'Bare LF', 'RX_BAD')
    return this.refuse(400, byte === CR ? 'Bare CR' : 'Control byte in a field value', 'RX_BAD')
  }

  private fill(text: string, base: number, head: RequestHead): void {
    const { spans, steering } = this
    for (let id = 0; id < names.STEERING_IDS; id++) steering[id] = -1
    this.repeated = 0
    head.known = undefined
    head.method = methodName(text, this.method_end - base)
    head.url = text.slice(this.target_start - base, this.target_end - base)
    head.proto = this.http11 ? 'HTTP/1.1' : 'HTTP/1.0'
    const fields = head.fields
    fields.count = this.lines
    for (let i = 0, span = 0; i < this.lines; i++, span += SPAN) {
      const known = spans[span + 4]
      if (known < 0) {
        const name = text.slice(spans[span] - base, spans[span + 1] - base)
        fields.names[i] = name
        fields.keys[i] = name.toLowerCase()
      } else {
        const id = known >> 2
        const key = names.KNOWN_KEYS[id]
        const spelling = known & 3
        fields.keys[i] = key
        if (spelling === names.AS_CANONICAL) fields.names[i] = names.KNOWN_NAMES[id]
        else fields.names[i] = spelling === names.AS_LOWER ? key : text.slice(spans[span] - base, spans[span + 1] - base)
        if (id < names.STEERING_IDS) this.steer(id, i)
      }
      fields.values[i] = text.slice(spans[span + 2] - base, spans[span + 3] - base)
    }
  }

  private steer(id: number, line: number): void {
    if (this.steering[id] < 0) this.steering[id] = line
    else this.repeated |= 1 << id
  }

  /** What the head means for its connection; false if it is refused. */
  private judge(text: string, base: number, head: RequestHead): boolean {
    if ((this.repeated & NEVER_REPEATED) !== 0) return this.bad(400, 'Repeated Host, Content-Length or Transfer-Encoding')
    if (!this.judgeHost(head.fields)) return false
    const origin_form = text.charCodeAt(this.target_start - base) === 47
    if ((!origin_form || head.method === 'CONNECT') && !this.otherTarget(head)) return false
    return this.judgeFraming(head) && this.judgeConnection(head)
  }

  /** RFC 9112 section 3.2: exactly one valid Host in HTTP/1.1; it may be empty. */
  private judgeHost(fields: Fields): boolean {
    const line = this.steering[names.HOST]
    if (line < 0) return !this.http11 || this.bad(400, 'No Host field')
    const host = fields.values[line]
    if (host === this.last_host) return true
    if (host !== '' && !isAuthority(host)) return this.bad(400, 'Invalid Host field')
    this.last_host = host
    return true
  }

  /** Any target but origin-form: a host in it replaces the Host field (RFC 9112 section 3.2.2). */
  private otherTarget(head: RequestHead): boolean {
    const target = readTarget(head.method, head.url)
    if (target === undefined) return this.bad(400, 'Target of a form that does not go with the method')
    head.url = target.url
    if (target.host !== undefined) head.fields.set('Host', target.host)
    return true
  }

  /** RFC 9112 section 6.3. */
  private judgeFraming(head: RequestHead): boolean {
    const length_line = this.steering[names.CONTENT_LENGTH]
    const coding_line = this.steering[names.TRANSFER_ENCODING]
    this.framing = 'none'
    this.content_length = 0
    if (length_line < 0 && coding_line < 0) return true
    if (head.method === 'CONNECT') return this.bad(400, 'CONNECT with a body')
    if (coding_line >= 0) return this.judgeCoding(head.fields.values[coding_line], length_line >= 0)
    const length = readContentLength(head.fields.values[length_line])
    if (length === -1) return this.bad(400, 'Malformed Content-Length')
    if (length === -2) return this.bad(413, 'Content-Length beyond all bounds')
    this.framing = 'length'
    this.content_length = length
    return true
  }

  private judgeCoding(value: string, with_length: boolean): boolean {
    // RFC 9112 section 6.1: both together is a smuggling attempt; in HTTP/1.0 the framing is faulty.
    if (with_length) return this.bad(400, 'Transfer-Encoding and Content-Length')
    if (!this.http11) return this.bad(400, 'Transfer-Encoding in HTTP/1.0')
    const status = judgeTransferEncoding(value)
    if (status !== 0) return this.bad(status, 'Transfer-Encoding is not just chunked')
    this.framing = 'chunked'
    return true
  }

  private judgeConnection(head: RequestHead): boolean {
    const { steering, http11 } = this
    const fields = head.fields
    const options = steering[names.CONNECTION] < 0 ? 0 : connectionOptions(fields, steering[names.CONNECTION])
    this.keep_alive = (options & CLOSE) === 0 && (http11 || (options & KEEP_ALIVE) !== 0)
    // RFC 9110 section 7.8: a server must ignore Upgrade in HTTP/1.0 and may elsewhere: with a body, where HTTP ends is disputed.
    this.upgrade =
      head.method === 'CONNECT' || (http11 && (options & UPGRADE_OPTION) !== 0 && this.framing === 'none' && fields.has('upgrade'))
    this.expect_continue = false
    return steering[names.EXPECT] < 0 || this.judgeExpect(fields)
  }

  /** RFC 9110 section 10.1.1. */
  private judgeExpect(fields: Fields): boolean {
    for (let i = 0; i < fields.count; i++) {
      if (fields.keys[i] !== 'expect') continue
      const value = fields.values[i]
      if (!equalsToken(value, 0, value.length, '100-continue')) return this.bad(417, 'Unknown expectation')
    }
    this.expect_continue = this.http11 && this.framing !== 'none'
    return true
  }

  private bad(status: number, reason: string): boolean {
    this.refuse(status, reason, 'RX_BAD')
    return false
  }

  private refuse(status: number, reason: string, close: Refusal['close']): -1 {
    this.refusal = { status, reason, close }
    return -1
  }
}

/** The shared string for the usual methods, so that comparing them compares pointers. */
function methodName(text: string, length: number): string {
  if (length === 3 && text.startsWith('GET')) return 'GET'
  if (length === 4 && text.startsWith('HEAD')) return 'HEAD'
  if (length === 4 && text.startsWith('POST')) return 'POST'
  return text.slice(0, length)
}

/** Position of the request line. */
function skipEmptyLines(buffer: Buffer, start: number, stop: number): number {
  let pos = start
  while (pos + 1 < stop && pos < start + 2 * MAX_EMPTY_LINES && buffer[pos] === CR && buffer[pos + 1] === LF) pos += 2
  return pos
}

/** Only the CR of an empty line that would still be skipped is here. */
function halfEmptyLine(buffer: Buffer, start: number, line: number, stop: number): boolean {
  return line + 1 === stop && buffer[line] === CR && line < start + 2 * MAX_EMPTY_LINES
}

/** See `parse`: a line was completed by the new bytes, or there are twice as many as a power of two ago. */
function worthParsing(buffer: Buffer, from: number, end: number, before: number, now: number): boolean {
  if (now < 64 || Math.clz32(before) !== Math.clz32(now)) return true
  for (let i = from; i < end; i++) if (buffer[i] === LF) return true
  return false
}
