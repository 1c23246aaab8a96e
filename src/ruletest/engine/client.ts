import { Duplex } from 'node:stream'
import type { Ip } from '../../base/ip.ts'
import { parseIp } from '../../base/ip.ts'
import type { ParameterValues } from '../../config/parameters.ts'
import type { BodyFraming, ClientConnection, ConnectionFacts, RequestBody, RequestBodySink } from '../../flow/client.ts'
import { Fields } from '../../http/fields.ts'
import { RequestHead } from '../../http/message.ts'
import { type Refusal, RequestParser } from '../../http/parse.ts'
import type { StoredHead } from '../../http/stored-head.ts'
import { appendLines } from '../../http/write.ts'
import type { RequestStep } from '../language/ast.ts'

const SERVER = parseIp('127.0.0.1', 80)!
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
export class FakeClient implements ClientConnection {
  readonly facts: ConnectionFacts
  readonly req = new RequestHead()
  readonly reply = new Reply()
  readonly body: FakeBody | undefined
  readonly keepAlive: boolean
  readonly http11: boolean
  readonly head_bytes: number
  readonly body_bytes: number
  readonly upgrade: boolean
  /** Why the request is no HTTP that rules would see. */
  readonly refusal: Refusal | undefined
  closed = false
  timeout_idle_ms: number
  timeout_linger_ms: number
  send_timeout_ms: number
  idle_send_timeout_ms: number
  onDrain: (() => void) | undefined = undefined
  onClosed: (() => void) | undefined = undefined

  constructor(step: RequestStep, xid: number, params: ParameterValues) {
    const head = Buffer.from(requestText(step), 'latin1')
    const parser = new RequestParser(params)
    const used = parser.parse(head, 0, head.length, this.req)
    this.refusal = parser.refusal ?? (used === head.length ? undefined : refused('not one request'))
    this.facts = factsOf(step.ip, xid)
    const content = step.body ?? ''
    if (parser.framing === 'chunked') this.body = new FakeBody(content, -1)
    else if (content !== '') this.body = new FakeBody(content, content.length)
    if (parser.framing !== 'chunked' && parser.content_length !== content.length) {
      this.refusal ??= refused(`its Content-Length is ${parser.content_length}, its body ${content.length} bytes`)
    }
    this.keepAlive = parser.keep_alive
    this.http11 = parser.http11
    this.upgrade = parser.upgrade
    this.head_bytes = head.length
    this.body_bytes = step.body?.length ?? 0
    this.timeout_idle_ms = params.timeout_idle * 1000
    this.timeout_linger_ms = params.timeout_linger * 1000
    this.send_timeout_ms = params.send_timeout * 1000
    this.idle_send_timeout_ms = params.idle_send_timeout * 1000
  }

  closeAfter(): void {}
  informational(): void {}
  headFirst(): void {}

  respond(head: string, body: Buffer | undefined): boolean {
    this.reply.readHead(head)
    this.write(body ?? Buffer.alloc(0))
    this.end()
    return true
  }

  respondStored(head: StoredHead, body: Buffer | undefined): boolean {
    const bytes = Buffer.alloc(head.size_bytes)
    head.put(bytes as Parameters<StoredHead['put']>[0], 0)
    return this.respond(bytes.toString('latin1'), body)
  }

  hold(memory: { release(): void }): void {
    memory.release()
  }

  start(head: string, _framing: BodyFraming): void {
    this.reply.readHead(head)
  }

  write(chunk: Buffer): boolean {
    this.reply.body += chunk.toString('latin1')
    return true
  }

  cork(): boolean {
    return false
  }

  uncork(): void {}

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

function factsOf(ip: Ip, xid: number): ConnectionFacts {
  return {
    xid,
    client_ip: ip,
    server_ip: SERVER,
    remote_ip: ip,
    local_ip: SERVER,
    peer_text: `${ip.text} ${ip.port} a0`,
    socket_name: 'a0',
    endpoint: '127.0.0.1:80',
    socket_fd: -1,
    proxy_tlvs: undefined,
  }
}

class FakeBody implements RequestBody {
  readonly text: string
  readonly length_bytes: number
  started = false

  /** -1: chunked. */
  constructor(text: string, length_bytes: number) {
    this.text = text
    this.length_bytes = length_bytes
  }

  start(sink: RequestBodySink): void {
    this.started = true
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
