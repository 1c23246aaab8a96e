import type { FetchFailure, FetchFailureKind } from './contract.ts'

/** A failure on its way through undici, which only carries Errors. `code` must not be one of undici's. */
export class FailureError extends Error {
  readonly code = 'LACQUER_FETCH'
  readonly kind: FetchFailureKind
  /** The system's code where it was the system that failed: "ECONNREFUSED". */
  readonly system: string | undefined

  constructor(kind: FetchFailureKind, message: string, system?: string) {
    super(message)
    this.kind = kind
    this.system = system
  }
}

/** How far the exchange had come when it failed. */
export type Phase = 'head' | 'body'

const LOST = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE', 'ECONNABORTED', 'ETIMEDOUT', 'ERR_STREAM_PREMATURE_CLOSE'])

const BY_CODE = new Map<string, FetchFailureKind>([
  ['UND_ERR_HEADERS_OVERFLOW', 'malformed'],
  ['UND_ERR_RES_EXCEEDED_MAX_SIZE', 'malformed'],
  ['UND_ERR_INVALID_ARG', 'malformed'],
  ['UND_ERR_NOT_SUPPORTED', 'malformed'],
  ['UND_ERR_CONNECT_TIMEOUT', 'connect_timeout'],
  ['UND_ERR_REQ_CONTENT_LENGTH_MISMATCH', 'request_body'],
  ['UND_ERR_CLOSED', 'aborted'],
  ['UND_ERR_DESTROYED', 'aborted'],
  ['UND_ERR_ABORTED', 'aborted'],
])

export function codeOf(error: Error): string {
  const { code } = error as { code?: unknown }
  return typeof code === 'string' ? code : ''
}

/** The connection went away under the request: what a stale pooled connection looks like. */
export function isLostConnection(error: Error): boolean {
  // undici reports a 1xx it refuses, and bytes that nobody asked for, under the same code.
  return LOST.has(codeOf(error)) && !error.message.startsWith('bad ')
}

export function describe(error: Error, phase: Phase): FetchFailure {
  return { kind: classify(error, phase), message: messageOf(error) }
}

function classify(error: Error, phase: Phase): FetchFailureKind {
  if (error instanceof FailureError) return error.kind
  const code = codeOf(error)
  if (isLostConnection(error)) return phase === 'head' ? 'closed' : 'incomplete'
  if (code === 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH') return phase === 'head' ? 'malformed' : 'incomplete'
  if (code === 'HPE_INVALID_EOF_STATE') return phase === 'head' ? 'closed' : 'incomplete'
  return BY_CODE.get(code) ?? 'malformed'
}

/** An AggregateError (several addresses tried) has an empty message of its own. */
export function messageOf(error: Error): string {
  if (error instanceof AggregateError) return error.errors.map((one: unknown) => (one as Error).message).join('; ')
  return error.message || codeOf(error) || error.name
}
