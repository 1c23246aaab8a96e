import type { CloseReason, ConnectionFacts } from '../flow/client.ts'
import type { Refusal } from '../http/parse.ts'

/** What a connection tells of itself to counters and log. */
export interface Session {
  readonly facts: ConnectionFacts
  /** Wall clock, epoch ms. */
  readonly opened_ms: number
  readonly received_bytes: number
  readonly sent_bytes: number
  /** Requests finished. */
  readonly requests: number
}

/** Where listen/ reports what happens; implemented by worker/ with counters and log. Called synchronously: keep it cheap. */
export interface ConnectionObserver {
  /** Accepted. With `,PROXY` the facts are still those of the peer: see `proxied`. */
  opened(session: Session): void
  /** The PROXY header was read: facts are now the client's. */
  proxied(session: Session): void
  /** Exactly once for each `opened`. */
  closed(session: Session, reason: CloseReason): void
  /** A request arrived together with the one before it. */
  pipelined(session: Session): void
  /** The parser refused a head; `head` is what was received of it and only valid during the call. */
  refused(session: Session, refusal: Refusal, head: Buffer): void
  /** No or a malformed PROXY header. */
  proxyRefused(session: Session, reason: string): void
  /** Closed on arrival: over max_connections. */
  dropped(socket_name: string): void
  /** accept(2) failed. */
  acceptFailed(socket_name: string, error: Error): void
  /** The flow threw: a defect. The connection has been reset. */
  failed(session: Session, error: unknown): void
}
