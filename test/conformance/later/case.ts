import type { Kind } from '../score.ts'

/** What a client sends, an origin answers with, and the client is to see. */
export interface Turn {
  readonly ask?: {
    readonly method?: string
    readonly lines?: readonly string[]
    readonly body?: string
    readonly query?: string
  }
  /** What the origin answers if it is asked; 200 and no more unless told. */
  readonly answer?: {
    readonly status?: number
    readonly lines?: readonly string[]
    readonly body?: string
    /** 102 and 103 before it, with the lines of a 103. */
    readonly interim?: readonly { readonly status: 102 | 103; readonly fields?: Record<string, string> }[]
    /** It closes the connection instead. */
    readonly closes?: true
    readonly delay_ms?: number
  }
  readonly expect?: Expected
  /** Three seconds pass after it. */
  readonly pause?: true
}

export interface Expected {
  /** Stored from an earlier turn; made for this one; the same, or a stored one after a conditional request; neither: an error. */
  readonly from?: 'store' | 'origin' | 'validated' | 'nowhere'
  readonly status?: number
  readonly body?: string
  /** undefined: not there. */
  readonly fields?: Record<string, string | RegExp | undefined>
  /** Statuses of the interim responses. */
  readonly interim?: readonly number[]
  /** Of the request that the origin has seen in this turn. */
  readonly asked?: Record<string, string | RegExp | undefined>
  readonly method?: string
}

/** `{60}` in a line is the date a minute from the turn of the first answer. */
export interface LaterCase {
  readonly id: string
  readonly kind: Kind
  readonly turns: readonly Turn[]
}

/** A response with these lines, and three seconds later the same request: from the store, or from the origin again? */
export function again(id: string, kind: Kind, from: 'store' | 'origin', lines: readonly string[], ...more: readonly string[]): LaterCase {
  return { id, kind, turns: [{ answer: { lines: [...lines, ...more] }, pause: true }, { expect: { from } }] }
}

export function of(id: string, kind: Kind, ...turns: readonly Turn[]): LaterCase {
  return { id, kind, turns }
}

export const FRESH = 'Cache-Control: max-age=3600'
