import type { Duplex } from 'node:stream'
import type { RequestHead, ResponseHead } from '../http/message.ts'
import type { Fields } from '../http/fields.ts'
import type { Ip } from '../base/ip.ts'
import type { HeldCode } from '../shm/health.ts'

/** A backend as declared in rules or by -b; all durations in ms; undefined = the parameter's value at fetch time. */
export interface BackendSpec {
  /** VCL name ("default", "boot.default"...). */
  name: string
  /** Host name or address; undefined with path. */
  host: string | undefined
  port: number
  /** Unix socket. */
  path: string | undefined
  tls: boolean
  /** Host header when the request has none (.host_header), else host. */
  host_header: string | undefined
  connect_timeout_ms: number | undefined
  first_byte_timeout_ms: number | undefined
  between_bytes_timeout_ms: number | undefined
  /** 0 = no limit. */
  max_connections: number
  /** Sent first on each new connection. */
  preamble: Buffer | undefined
  /** Where connections are made to instead: a proxy that is told the address in a PROXY header. */
  via: { readonly host: string | undefined; readonly port: number; readonly path: string | undefined } | undefined
  /** What it is told besides; '' for nothing, undefined: host_header or host. */
  authority: string | undefined
  /** How many fetches may wait for a connection when all are in use, and how long; undefined: as the parameters say. */
  wait_limit: number | undefined
  wait_timeout_ms: number | undefined
  /** PROXY protocol version to send (1 or 2), 0 = none. */
  proxy_header: 0 | 1 | 2
  /** `backend x none;` */
  none: boolean
}

/** What all workers know of a backend (shm/health.ts). */
export interface BackendHealth {
  readonly healthy: boolean
  /** Epoch seconds of its last change. */
  readonly changed_s: number
  /** Connections in use, of all workers. */
  readonly open: number
  opened(): void
  /** Other workers that wait for one are told. */
  closed(): void
  /** Whether somebody in this worker waits for a connection. */
  awaited(yes: boolean): void
  /** A connection has failed for this reason: none is tried until then (epoch ms). */
  holdDown(code: HeldCode, until_ms: number): void
  heldDown(now_ms: number): HeldCode | undefined
}

/** A backend with an address, or `none`. Directors (directors/) choose among them. */
export interface Backend {
  readonly name: string
  readonly spec: BackendSpec
  readonly healthy: boolean
}

/** Named failures of a fetch (FetchError text, counters). */
export type FetchFailureKind =
  | 'no_backend'
  | 'unhealthy'
  | 'busy' // max_connections reached
  | 'helddown' // a connection has just failed, and none is tried for a moment
  | 'resolve' // DNS
  | 'connect' // refused, unreachable, TLS handshake
  | 'connect_timeout'
  | 'first_byte_timeout'
  | 'between_bytes_timeout'
  | 'closed' // origin closed before the head was complete
  | 'malformed' // not HTTP, contradictory framing, limits exceeded
  | 'incomplete' // closed before the body was complete
  | 'request_body' // the client's body broke
  | 'aborted' // by us

export interface FetchFailure {
  kind: FetchFailureKind
  /** For FetchError and the operations log, e.g. "connect ECONNREFUSED 127.0.0.1:8080". */
  message: string
}

/** Infinity: no limit. */
export interface OriginTimeouts {
  connect_ms: number
  first_byte_ms: number
  between_bytes_ms: number
}

/** A request body on its way to the origin: the subset of the client connection's body that origin/ pulls from. */
export interface OutgoingBody {
  /** -1: chunked. */
  readonly length_bytes: number
  start(sink: { onData(chunk: Buffer): void; onEnd(): void; onError(error: Error): void }): void
  pause(): void
  resume(): void
}

/**
 * Called in this order: onInformational*, onHead, onData*, then onEnd or onError once. onError may come at any time. The clock has
 * been read for onSent and onHead.
 */
export interface OriginHandler {
  /** The transaction that the fetch is logged under: for whoever notes what an origin was asked. */
  readonly bereq_xid?: number
  /** Who the request is for: feeds the PROXY header when the backend wants one. */
  readonly client?: { readonly ip: Ip; readonly server: Ip }
  /** False: no second attempt by itself when an idle connection turns out to be closed. */
  readonly retry_connect?: boolean
  /** Bytes are about to be sent on a (new or reused) connection. Both ends as "address port", the remote one of a unix socket as its path; and its descriptor. */
  onConnected?(reused: boolean, remote: string, local: string, descriptor: string): void
  /** The request has been written, its body included. */
  onSent?(): void
  /** 1xx other than 101. */
  onInformational(status: number, reason: string, fields: Fields): void
  /** The head is the handler's from now on. Hop-by-hop fields still present, duplicates kept in order. `content_length` is -1 when not known; 0-length and HEAD/204/304 have no onData. */
  onHead(head: ResponseHead, content_length: number): void
  /** Chunk is only valid during the call unless copied. */
  onData(chunk: Buffer): void
  onEnd(): void
  onError(failure: FetchFailure): void
}

/** What went over the wire for a fetch, repeated requests included. Bodies without their framing. */
export interface Traffic {
  readonly sent_head_bytes: number
  readonly sent_body_bytes: number
  readonly received_head_bytes: number
  readonly received_body_bytes: number
  /** The response has ended, and the connection waits for another request. */
  readonly recycled: boolean
}

/** A running fetch. */
export interface OriginCall {
  readonly traffic: Traffic
  pause(): void
  resume(): void
  /** Idempotent; onError('aborted') is NOT called after it. */
  abort(): void
}

export interface Origin {
  backend(name: string): Backend | undefined
  /** Never throws; failures come through the handler, never synchronously from inside this call. */
  fetch(backend: Backend, bereq: RequestHead, body: OutgoingBody | undefined, timeouts: OriginTimeouts, handler: OriginHandler): OriginCall
  /** A plain (or TLS) connected socket for pipe; errors through `done`. `client` feeds the PROXY header when the backend wants one. */
  connect(
    backend: Backend,
    client: { ip: Ip; server: Ip } | undefined,
    timeout_ms: number,
    done: (failure: FetchFailure | undefined, socket: Duplex | undefined) => void,
  ): void
  /** What went through a pipe, for whoever counts: bytes of the request that began it, then to the backend, and from it. */
  piped?(backend: Backend, head_bytes: number, to_bytes: number, from_bytes: number): void
  /** The end: drops idle connections, running fetches fail. */
  close(): Promise<void>
}
