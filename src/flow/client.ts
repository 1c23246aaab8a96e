import type { RequestHead } from '../http/message.ts'
import type { Fields } from '../http/fields.ts'
import type { StoredHead } from '../http/stored-head.ts'
import type { Duplex } from 'node:stream'
import type { Ip } from '../base/ip.ts'

/** Why a connection was closed: Varnish's SessClose reasons. */
export type CloseReason =
  | 'REM_CLOSE' // the client closed
  | 'REQ_CLOSE' // the client asked for close
  | 'REQ_HTTP10' // HTTP/1.0 without keep-alive
  | 'RX_BAD' // error while reading
  | 'RX_BODY' // request body could not be read
  | 'RX_JUNK' // not HTTP
  | 'RX_OVERFLOW' // head too large
  | 'RX_TIMEOUT' // a head or body took too long
  | 'RX_CLOSE_IDLE' // timeout_idle
  | 'TX_PIPE' // ended as a pipe
  | 'TX_ERROR' // error or timeout while writing
  | 'TX_EOF' // the end of the body is the end of the connection
  | 'RESP_CLOSE' // rules or origin asked for close
  | 'OVERLOAD'
  | 'VCL_FAILURE'
  | 'SHUTDOWN'

/** What the accepted socket says of itself; fixed for the connection's life (PROXY protocol applied). */
export interface ConnectionFacts {
  /** Session transaction id (VXID). */
  readonly xid: number
  /** Address from the PROXY header if there was one, else the peer's. 0.0.0.0:0 for unix sockets. */
  readonly client_ip: Ip
  readonly server_ip: Ip
  readonly remote_ip: Ip
  readonly local_ip: Ip
  /** Client address, port and socket name, as ReqStart has them. */
  readonly peer_text: string
  /** Name of the `-a` argument: "a0" or the given name (local.socket). */
  readonly socket_name: string
  /** Its address as bound (local.endpoint). */
  readonly endpoint: string
  /** Of its socket, for options; -1 once it is closed. */
  readonly socket_fd: number
  /** TLVs of a PROXY header of version 2. */
  readonly proxy_tlvs: Uint8Array | undefined
}

/** A request body as the flow and the origin see it: pulled, never buffered beyond one read. */
export interface RequestBody {
  /** Declared length, or -1 for chunked. */
  readonly length_bytes: number
  /** True once a byte has been handed out: a retry or restart can no longer send it. */
  readonly started: boolean
  /** What has been handed out: in how many pieces, and bytes without their framing. */
  readonly pieces: number
  readonly content_bytes: number
  /**
   * Starts delivery. Sends 100 Continue first if the client expects it and nothing was received yet.
   * onData may be called synchronously; chunk is only valid during the call unless copied.
   */
  start(sink: RequestBodySink): void
  pause(): void
  resume(): void
  /** Nobody wants the (rest of the) body: drain it within limits or close after the response. */
  discard(): void
}

export interface RequestBodySink {
  onData(chunk: Buffer): void
  onEnd(): void
  /** The client went away or the framing broke. */
  onError(error: Error): void
}

/** Something that is kept until it is let go, such as a reader of a body. */
export interface Held {
  release(): void
}

/** How the end of a response body is marked on this connection (RFC 9112 section 6.3). */
export type BodyFraming = 'none' | 'length' | 'chunked' | 'close'

/**
 * One client connection as the flow sees it. Exactly one request is under way at a time: `req` is valid from
 * `FlowEntry.request` until `finished`. Implemented by listen/.
 */
export interface ClientConnection {
  readonly facts: ConnectionFacts
  readonly req: RequestHead
  /** Undefined when the request has no body. */
  readonly body: RequestBody | undefined
  /** What the client's framing allows; the flow may only lower it with `closeAfter`. */
  readonly keepAlive: boolean
  /** HTTP/1.1 client: may be sent chunked bodies and 1xx. */
  readonly http11: boolean
  /** Connection is gone: writes are ignored. */
  readonly closed: boolean
  /** Bytes of the request head as received (ReqAcct). */
  readonly head_bytes: number
  /** Bytes received so far of the body of this request, or of the last one; framing included. */
  readonly body_bytes: number
  /** Request is an Upgrade or CONNECT candidate. */
  readonly upgrade: boolean

  /** Per-session overrides from VCL (sess.*), in ms. */
  timeout_idle_ms: number
  timeout_linger_ms: number
  send_timeout_ms: number
  idle_send_timeout_ms: number

  /** No keep-alive after this response. */
  closeAfter(reason: CloseReason): void

  /** A 1xx response (not 101), only to http11 clients and before the final head. */
  informational(status: number, reason: string, fields: Fields): void

  /**
   * Writes a whole response in one go and ends the request: `head` is the complete head text with the empty line
   * (latin1), `body` its bytes or undefined. Small bodies are copied behind the head into one write. False: the client has not
   * taken it all, and the memory of `body` must stay as it is: see `hold`.
   */
  respond(head: string, body: Buffer | undefined): boolean
  /** The same for a stored head; it is only looked at during the call. */
  respondStored(head: StoredHead, body: Buffer | undefined): boolean
  /** Behind a `respond` that was false: called back when that memory is free for reuse, also when the client goes away. */
  hold(memory: Held): void

  /** Starts a streamed response. The first `write` goes out together with the head. */
  start(head: string, framing: BodyFraming): void
  /** The body keeps us waiting: unless its first bytes come in this turn of the event loop, the head goes out alone. */
  headFirst(): void
  /** Writes body bytes without copying them; they must stay unchanged until `onDrain` or `onClosed` if false is returned. */
  write(chunk: Buffer): boolean
  /** What is small of what is written until `uncork` leaves together. False: it does so already, and there is nothing to uncork. */
  cork(): boolean
  uncork(): void
  /** Ends a streamed response (writes the last chunk where chunked) and the request. */
  end(): void
  /** The response broke half-way: the client must be able to see it (RST or close without the last chunk). */
  abort(reason: CloseReason): void

  /** Set by the flow while it waits; cleared by the connection when the request ends. */
  onDrain: (() => void) | undefined
  /** The client went away before the response was complete. */
  onClosed: (() => void) | undefined

  /** Hands over the raw socket for a pipe; bytes already read beyond the head are first in the stream. */
  detach(): Duplex
}

/** What listen/ calls for each request, synchronously, from the read event; it has refreshed the clock. */
export interface FlowEntry {
  request(connection: ClientConnection): void
}
