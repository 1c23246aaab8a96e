import { ResponseHead, RequestHead } from '../../http/message.ts'
import { isBodyless } from '../../http/status.ts'
import type { BackendSpec, FetchFailure, OriginCall, OriginHandler, OriginTimeouts, OutgoingBody, Traffic } from '../../origin/contract.ts'
import { headerList } from '../../origin/request.ts'
import type { Answer } from '../language/ast.ts'
import type { Calendar } from './calendar.ts'

/** Methods with which content is expected. */
const MEANT_TO_CARRY = new Set(['PUT', 'POST', 'PATCH', 'QUERY', 'PROPFIND', 'PROPPATCH'])
const CHUNK_BYTES = 16 * 1024

/** What an origin got. */
export interface Exchange {
  /** From 1, in the order of a test: the port by which the log names it. */
  readonly number: number
  readonly backend: string
  /** The fetch's transaction; undefined for a pipe, whose log records name the number. */
  readonly xid: number | undefined
  /** As it came. */
  readonly head: RequestHead
  readonly body: string
}

/** What becomes of a fetch, as origin/'s contract has it: never from inside the call that begins it, and in its order. */
export class FakeCall implements OriginCall, Exchange, Traffic {
  readonly number: number
  readonly backend: string
  readonly xid: number | undefined
  readonly head = new RequestHead()
  body = ''
  sent_head_bytes = 0
  sent_body_bytes = 0
  received_head_bytes = 0
  received_body_bytes = 0
  recycled = false
  private readonly calendar: Calendar
  private readonly answer: Answer
  private readonly handler: OriginHandler
  private readonly timeouts: OriginTimeouts
  private paused = false
  private over = false
  private left: Buffer | undefined
  private missing = false
  private sending = false

  constructor(number: number, { name }: BackendSpec, answer: Answer, timeouts: OriginTimeouts, handler: OriginHandler, calendar: Calendar) {
    this.number = number
    this.backend = name
    this.xid = handler.bereq_xid
    this.answer = answer
    this.timeouts = timeouts
    this.handler = handler
    this.calendar = calendar
  }

  get traffic(): Traffic {
    return this
  }

  /** Takes the request as it is now: rules may go on to change it. */
  start(bereq: RequestHead, spec: BackendSpec, body: OutgoingBody | undefined): void {
    const sent = body === undefined || body.length_bytes === 0 ? undefined : body
    const { head } = this
    head.method = bereq.method
    head.url = bereq.url
    const list = headerList(bereq, spec, sent === undefined ? -1 : sent.length_bytes)
    for (let i = 0; i < list.length; i += 2) head.fields.append(list[i], list[i + 1])
    // As undici does it: whoever expects content is told that there is none (RFC 9110 section 8.6).
    if (sent === undefined && MEANT_TO_CARRY.has(head.method)) head.fields.append('content-length', '0')
    this.calendar.after(0, () => this.send(sent))
  }

  pause(): void {
    this.paused = true
  }

  resume(): void {
    if (!this.paused) return
    this.paused = false
    if (this.sending) this.calendar.after(0, () => this.pump())
  }

  abort(): void {
    this.over = true
  }

  private send(body: OutgoingBody | undefined): void {
    if (this.over) return
    this.handler.onConnected?.(false, '127.0.0.1 80', `127.0.0.1 ${this.number}`, '0')
    if (body === undefined) return this.sent()
    body.start({
      onData: (chunk) => {
        this.body += chunk.toString('latin1')
        this.sent_body_bytes += chunk.length
      },
      onEnd: () => this.sent(),
      onError: (error) => this.fail('request_body', error.message),
    })
  }

  private sent(): void {
    if (this.over) return
    this.handler.onSent?.()
    const { failure, delay_ms } = this.answer
    const { first_byte_ms } = this.timeouts
    if (failure === 'timeout' || delay_ms > first_byte_ms) {
      return this.calendar.after(first_byte_ms, () => this.fail('first_byte_timeout', 'first byte timeout'))
    }
    this.calendar.after(delay_ms, () => this.respond())
  }

  private respond(): void {
    if (this.over) return
    const { failure } = this.answer
    if (failure === 'closed') return this.fail('closed', 'the origin closed the connection without an answer')
    if (failure === 'malformed') return this.fail('malformed', 'the origin did not answer in HTTP')
    const content = Buffer.from(this.answer.body ?? String(this.number), 'latin1')
    const bodyless = this.head.method === 'HEAD' || isBodyless(this.answer.status)
    const { head, content_length } = responseOf(this.answer, content.length)
    // What is beyond the length that was said is no part of it; what is missing of it never comes.
    this.left = bodyless ? Buffer.alloc(0) : content.subarray(0, content_length < 0 ? content.length : content_length)
    this.missing = !bodyless && content.length < content_length
    this.handler.onHead(head, content_length)
    this.sending = true
    this.calendar.after(0, () => this.pump())
  }

  private pump(): void {
    const end = this.answer.breaks_after ?? Infinity
    while (!this.over && !this.paused && this.left !== undefined) {
      const size = Math.min(CHUNK_BYTES, end - this.received_body_bytes)
      if (this.left.length === 0 && !this.missing) return this.end()
      if (this.left.length === 0) return this.fail('incomplete', 'the connection ended before the length that was said')
      if (size <= 0) return this.fail('incomplete', 'the connection broke in the middle of the body')
      const chunk = this.left.subarray(0, size)
      this.left = this.left.subarray(chunk.length)
      this.received_body_bytes += chunk.length
      this.handler.onData(chunk)
    }
  }

  private end(): void {
    this.over = this.recycled = true
    this.handler.onEnd()
  }

  private fail(kind: FetchFailure['kind'], message: string): void {
    if (this.over) return
    this.over = true
    this.handler.onError({ kind, message })
  }
}

/** An answer as a head; a length is said unless the test says its own or none. */
export function responseOf(answer: Answer, body_bytes: number): { head: ResponseHead; content_length: number } {
  const head = new ResponseHead()
  head.status = answer.status
  head.reason = answer.reason
  for (const [name, value] of answer.fields) head.fields.append(name, value)
  const bodyless = isBodyless(answer.status)
  if (answer.chunked) head.fields.set('Transfer-Encoding', 'chunked')
  else if (!bodyless && !head.fields.has('content-length')) head.fields.append('Content-Length', String(body_bytes))
  const declared = head.fields.get('content-length')
  return { head, content_length: answer.chunked || declared === undefined ? -1 : Number(declared) }
}
