import type { ParseLimits } from '../http/parse.ts'

/** The parameters of the same names; times in seconds, 0 waits for ever. */
export interface ConnectionLimits extends ParseLimits {
  timeout_idle: number
  timeout_linger: number
  /** From the first byte of a head to its end, however steadily it drips. */
  timeout_req: number
  send_timeout: number
  idle_send_timeout: number
  /** Per worker. */
  max_connections: number
  listen_depth: number
}

/** What is read at once, at most. */
export const READ_BYTES = 64 * 1024

/** An unread request body up to this size is read and thrown away to keep the connection; beyond it a new connection is cheaper. */
export const DISCARD_MAX_BYTES = 64 * 1024

/** Lingering close (RFC 9112 section 9.6): how much and how long is read and thrown away so that the client can read its answer. */
export const LINGER_MAX_BYTES = 1024 * 1024
export const LINGER_MAX_MS = 2000

/** A request body may pause for timeout_idle, but each byte buys only its share of that at this rate. */
export const BODY_MIN_BYTES_PER_S = 128

/** A deadline of 0 seconds never comes. */
export function deadlineAfter(now_ms: number, wait_ms: number): number {
  return wait_ms > 0 ? now_ms + wait_ms : Infinity
}
