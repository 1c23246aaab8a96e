/** Where a connection is. The order matters: from `ending` on nothing is read for requests, from `detached` on nothing at all. */
export const Phase = {
  /** Waits for the PROXY header. */
  proxy: 0,
  /** Waits for a request's head, or has part of it. */
  head: 1,
  /** The flow has a request. */
  busy: 2,
  /** Answered; the rest of the request's body is thrown away to reach the next head. */
  tail: 3,
  /** Answered for the last time; closes once that is sent. */
  ending: 4,
  /** Our side is shut; what the client still sends is thrown away so that it can read its answer. */
  linger: 5,
  /** The socket belongs to a pipe. */
  detached: 6,
  closed: 7,
} as const
export type Phase = (typeof Phase)[keyof typeof Phase]
