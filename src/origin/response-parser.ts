import type { Socket } from 'node:net'
import { createRequire } from 'node:module'
import { FailureError } from './failure.ts'

/**
 * undici drops a connection on which "100 Continue" arrives, for it never asks for one. Some origins send it to
 * every POST, and a client must be able to read it (RFC 9110 section 15.2). So its parser is told another 1xx.
 */
export const STAND_IN = 199

/** What is used of undici's parser, which is llhttp compiled to WebAssembly. */
interface ResponseParser {
  readonly socket: Socket
  readonly ptr: number
  readonly llhttp: { llhttp_get_http_major(ptr: number): number; llhttp_get_http_minor(ptr: number): number }
  readonly hasTransferEncoding: boolean
  statusText: string
  headers: Buffer[]
  onStatus: (this: ResponseParser, piece: Buffer) => number
  onHeadersComplete: (this: ResponseParser, status: number, upgrade: boolean, keepAlive: boolean) => number
}

const symbols = createRequire(import.meta.url)('undici/lib/core/symbols.js') as { kParser: symbol }
const REFUSE = -1
let lines: readonly Buffer[] = []
let taught: ResponseParser | undefined

/** Teaches the parser's class, once; the first socket that undici has taken over shows which class that is. */
export function teachParser(socket: Socket): void {
  if (taught !== undefined) return
  const parser = (socket as unknown as Record<symbol, ResponseParser | undefined>)[symbols.kParser]
  if (parser === undefined) return
  taught = Object.getPrototypeOf(parser) as ResponseParser
  const original = taught.onHeadersComplete
  taught.onStatus = gatherReason
  taught.onHeadersComplete = function (status, upgrade, keepAlive) {
    const fault = faultOf(this)
    if (fault !== undefined) return refuse(this, fault)
    // undici would make strings and an object of them, which nobody reads.
    lines = this.headers
    this.headers = []
    const verdict = original.call(this, status === 100 ? STAND_IN : status, upgrade, keepAlive)
    // Of this response: the next on the connection may have none.
    this.statusText = ''
    return verdict
  }
}

/** undici reads the reason phrase as UTF-8, and of one that comes in two segments only the second. Ours are a char per byte. */
function gatherReason(this: ResponseParser, piece: Buffer): number {
  this.statusText += piece.toString('latin1')
  return 0
}

/** What llhttp lets through. */
function faultOf({ llhttp, ptr, hasTransferEncoding }: ResponseParser): string | undefined {
  // It knows HTTP/0.9 and HTTP/2.0, too (RFC 9112 section 2.3).
  if (llhttp.llhttp_get_http_major(ptr) !== 1) return 'the status line does not say HTTP/1'
  // Which knows no transfer codings (RFC 9112 section 6.1).
  if (hasTransferEncoding && llhttp.llhttp_get_http_minor(ptr) === 0) return 'Transfer-Encoding in HTTP/1.0'
  return undefined
}

function refuse({ socket }: ResponseParser, fault: string): number {
  socket.destroy(new FailureError('malformed', fault))
  return REFUSE
}

/** Names and values in turn, as they came: of the response whose head undici is telling of. */
export function rawLines(): readonly Buffer[] {
  return lines
}
