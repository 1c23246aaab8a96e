import { Duplex } from 'node:stream'
import type { ParameterValues } from '../../config/parameters.ts'
import type { RequestBody, RequestBodySink } from '../../flow/client.ts'
import { MadeConnection } from '../../flow/made-connection.ts'
import { Fields } from '../../http/fields.ts'
import type { Refusal } from '../../http/parse.ts'
import { appendLines } from '../../http/write.ts'
import type { RequestStep } from '../language/ast.ts'

const AT = { name: 'a0', host: '127.0.0.1', port: 80, text: '127.0.0.1:80' }
const HOST = 'example.com'

/** What a client has got so far. */
export class Reply {
  state: 'waiting' | 'complete' | 'broken' = 'waiting'
  status: number | undefined = undefined
  reason: string | undefined = undefined
  fields: Fields | undefined = undefined
  body = ''

  /** Status line and field lines, with the empty line. */
  readHead(text: string): void {
    const end = text.indexOf('\r\n')
    const [, status, ...reason] = text.slice(0, end).split(' ')
    this.status = Number(status)
    this.reason = reason.join(' ')
    this.fields = new Fields()
    appendLines(this.fields, text.slice(0, text.indexOf('\r\n\r\n') + 2), end + 2)
  }
}

/** A client's connection with one request, in place of listen/'s: what the flow writes is the reply. */
export class FakeClient extends MadeConnection {
  readonly reply = new Reply()
  readonly body: FakeBody | undefined
  readonly body_bytes: number
  /** Why the request is no HTTP that rules would see. */
  readonly refusal: Refusal | undefined

  constructor(step: RequestStep, xid: number, params: ParameterValues) {
    super(requestText(step), step.ip, AT, xid, params)
    const { refusal, framing, content_length } = this.found
    this.refusal = refusal ?? (this.hasMore ? refused('not one request') : undefined)
    const content = step.body ?? ''
    if (framing === 'chunked') this.body = new FakeBody(content, -1)
    else if (content !== '') this.body = new FakeBody(content, content.length)
    if (framing !== 'chunked' && content_length !== content.length) {
      this.refusal ??= refused(`its Content-Length is ${content_length}, its body ${content.length} bytes`)
    }
    this.body_bytes = content.length
  }

  start(head: string): void {
    this.reply.readHead(head)
  }

  write(chunk: Buffer): boolean {
    this.reply.body += chunk.toString('latin1')
    return true
  }

  end(): void {
    this.reply.state = 'complete'
    this.onDrain = this.onClosed = undefined
  }

  abort(): void {
    this.reply.state = 'broken'
    this.closed = true
    this.onDrain = this.onClosed = undefined
  }

  detach(): Duplex {
    return new PipedClient(this.reply, this.body?.text ?? '')
  }
}

function refused(reason: string): Refusal {
  return { status: 400, reason, close: 'RX_BAD' }
}

function requestText({ method, url, proto, fields, body }: RequestStep): string {
  const names = new Set(fields.map(([name]) => name.toLowerCase()))
  const host = names.has('host') || proto === 'HTTP/1.0' ? '' : `Host: ${HOST}\r\n`
  const length =
    body === undefined || names.has('content-length') || names.has('transfer-encoding') ? '' : `Content-Length: ${body.length}\r\n`
  return `${method} ${url} ${proto}\r\n${host}${fields.map(([name, value]) => `${name}: ${value}\r\n`).join('')}${length}\r\n`
}

class FakeBody implements RequestBody {
  readonly text: string
  readonly length_bytes: number
  started = false
  pieces = 0
  content_bytes = 0

  /** -1: chunked. */
  constructor(text: string, length_bytes: number) {
    this.text = text
    this.length_bytes = length_bytes
  }

  start(sink: RequestBodySink): void {
    this.started = true
    this.pieces = 1
    this.content_bytes = this.text.length
    if (this.text !== '') sink.onData(Buffer.from(this.text, 'latin1'))
    sink.onEnd()
  }

  pause(): void {}
  resume(): void {}
  discard(): void {}
}

/** The client's end of a tunnel: what comes is the response. */
class PipedClient extends Duplex {
  private readonly reply: Reply
  private text = ''

  constructor(reply: Reply, body: string) {
    super()
    this.reply = reply
    if (body !== '') this.push(Buffer.from(body, 'latin1'))
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString('latin1')
    const end = this.text.indexOf('\r\n\r\n')
    if (end >= 0) {
      this.reply.readHead(this.text.slice(0, end + 4))
      this.reply.body = this.text.slice(end + 4)
    }
    done()
  }

  override _final(done: () => void): void {
    this.reply.state = this.reply.status === undefined ? 'broken' : 'complete'
    this.push(null)
    done()
  }
}
