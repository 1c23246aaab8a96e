import type { Duplex } from 'node:stream'
import { type Ip, parseIp } from '../base/ip.ts'
import type { ParameterValues } from '../config/parameters.ts'
import { RequestHead } from '../http/message.ts'
import { RequestParser } from '../http/parse.ts'
import type { StoredHead } from '../http/stored-head.ts'
import type { BodyFraming, ClientConnection, ConnectionFacts, Held, RequestBody } from './client.ts'

/** Where a request seems to have come to. */
export interface Arrived {
  readonly name: string
  readonly host: string
  readonly port: number
  readonly text: string
}

/** A client's connection with one request that came over no socket. Who extends it takes what is written, at once. */
export abstract class MadeConnection implements ClientConnection {
  readonly facts: ConnectionFacts
  readonly req = new RequestHead()
  abstract readonly body: RequestBody | undefined
  abstract readonly body_bytes: number
  readonly keepAlive: boolean
  readonly http11: boolean
  readonly head_bytes: number
  readonly upgrade: boolean
  closed = false
  timeout_idle_ms: number
  timeout_linger_ms: number
  send_timeout_ms: number
  idle_send_timeout_ms: number
  onDrain: (() => void) | undefined = undefined
  onClosed: (() => void) | undefined = undefined
  /** What a listener would have found in the head. */
  protected readonly found: RequestParser
  /** Something stands behind the head. */
  protected readonly hasMore: boolean

  /** `head`: with the empty line; bytes as latin1. */
  constructor(head: string, ip: Ip, at: Arrived, xid: number, params: ParameterValues) {
    const bytes = Buffer.from(head, 'latin1')
    const parser = new RequestParser(params)
    this.hasMore = parser.parse(bytes, 0, bytes.length, this.req) !== bytes.length
    this.found = parser
    this.facts = factsOf(ip, at, xid)
    this.keepAlive = parser.keep_alive
    this.http11 = parser.http11
    this.upgrade = parser.upgrade
    this.head_bytes = bytes.length
    this.timeout_idle_ms = params.timeout_idle * 1000
    this.timeout_linger_ms = params.timeout_linger * 1000
    this.send_timeout_ms = params.send_timeout * 1000
    this.idle_send_timeout_ms = params.idle_send_timeout * 1000
  }

  abstract start(head: string, framing: BodyFraming): void
  abstract write(chunk: Buffer): boolean
  abstract end(): void
  abstract abort(): void
  abstract detach(): Duplex

  closeAfter(): void {}
  informational(): void {}
  headFirst(): void {}

  respond(head: string, body: Buffer | undefined): boolean {
    this.start(head, 'length')
    if (body !== undefined) this.write(body)
    this.end()
    return true
  }

  respondStored(head: StoredHead, body: Buffer | undefined): boolean {
    const bytes = Buffer.alloc(head.size_bytes)
    head.put(bytes as Parameters<StoredHead['put']>[0], 0)
    return this.respond(bytes.toString('latin1'), body)
  }

  hold(memory: Held): void {
    memory.release()
  }

  cork(): boolean {
    return false
  }

  uncork(): void {}
}

function factsOf(ip: Ip, { name, host, port, text }: Arrived, xid: number): ConnectionFacts {
  const local = parseIp(host, port) ?? parseIp('127.0.0.1', port)!
  return {
    xid,
    client_ip: ip,
    server_ip: local,
    remote_ip: ip,
    local_ip: local,
    peer_text: `${ip.text} ${ip.port} ${name}`,
    socket_name: name,
    endpoint: text,
    socket_fd: -1,
    proxy_tlvs: undefined,
  }
}
