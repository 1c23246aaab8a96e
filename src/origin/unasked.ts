import type { Socket } from 'node:net'
import { createRequire } from 'node:module'

/**
 * undici drops a connection on which "100 Continue" arrives, for it never asks for one. Some origins send it to
 * every POST, and a client must be able to read it (RFC 9110 section 15.2). So its parser is told another 1xx.
 */
export const STAND_IN = 199

interface ResponseParser {
  onHeadersComplete: (this: ResponseParser, status: number, upgrade: boolean, keepAlive: boolean) => number
}

const symbols = createRequire(import.meta.url)('undici/lib/core/symbols.js') as { kParser: symbol }
let taught: object | undefined

/** Teaches the parser's class, once; the first socket that undici has taken over shows which class that is. */
export function teachContinue(socket: Socket): void {
  if (taught !== undefined) return
  const parser = (socket as unknown as Record<symbol, ResponseParser | undefined>)[symbols.kParser]
  if (parser === undefined) return
  taught = Object.getPrototypeOf(parser) as object
  const original = parser.onHeadersComplete
  const lenient = function (this: ResponseParser, status: number, upgrade: boolean, keepAlive: boolean): number {
    return original.call(this, status === 100 ? STAND_IN : status, upgrade, keepAlive)
  }
  Object.defineProperty(taught, 'onHeadersComplete', { value: lenient, writable: true, configurable: true })
}
