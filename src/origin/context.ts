import type { Socket } from 'node:net'
import { createRequire } from 'node:module'

const { kHTTPContext, kUrl } = createRequire(import.meta.url)('undici/lib/core/symbols.js') as {
  kHTTPContext: symbol
  kUrl: symbol
}

/** What an undici client does with its socket: functions that close over both. */
interface HttpContext {
  readonly version: unknown
  readonly defaultPipelining: unknown
  readonly write: unknown
  readonly resume: unknown
  readonly destroy: unknown
  readonly busy: unknown
  readonly destroyed: boolean
}

/** The same as an object of a class. undici's is a literal with a getter in it, which V8 keeps as a dictionary. */
class FastContext implements HttpContext {
  readonly version: unknown
  readonly defaultPipelining: unknown
  readonly write: unknown
  readonly resume: unknown
  readonly destroy: unknown
  readonly busy: unknown
  private readonly socket: Socket

  constructor(context: HttpContext, socket: Socket) {
    this.version = context.version
    this.defaultPipelining = context.defaultPipelining
    this.write = context.write
    this.resume = context.resume
    this.destroy = context.destroy
    this.busy = context.busy
    this.socket = socket
  }

  get destroyed(): boolean {
    return this.socket.destroyed
  }
}

/**
 * undici asks its context several times for each request, and its URL for the origin, which that puts together each time: once
 * it has a context for this socket, it gets one, and a URL, that answer at once.
 */
export function quicken(client: object, socket: Socket, origin: string): void {
  const holder = client as Record<symbol, unknown>
  const context = holder[kHTTPContext] as HttpContext | null
  if (context === null || context.version !== 'h1') return
  holder[kHTTPContext] = new FastContext(context, socket)
  Object.defineProperty(holder[kUrl] as URL, 'origin', { value: origin })
}
