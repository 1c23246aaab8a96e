import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { Duplex } from 'node:stream'

/** One request as a parser read it, complete with its body. */
export interface Message {
  method: string
  url: string
  /** [name, value], in order. */
  fields: [string, string][]
  body: string
  keep_alive: boolean
}

interface Read extends Message {
  complete: boolean
}

/** Nothing here waits for anything outside, so a connection that is not done after this many turns of the event loop never will be. */
const MAX_TURNS = 50

/** Node leaves a connection hanging that ends inside the body of a request to upgrade. */
function destroyAfter(turns: number, socket: Duplex): void {
  if (turns === 0) socket.destroy()
  else if (!socket.destroyed) setImmediate(() => destroyAfter(turns - 1, socket))
}

/** A connection that delivers the given bytes in one piece, then ends, and swallows what is written to it. */
class Delivered extends Duplex {
  private bytes: Buffer | null

  constructor(bytes: Buffer) {
    super()
    this.bytes = bytes
  }

  override _read(): void {
    const bytes = this.bytes
    this.bytes = null
    this.push(bytes)
    if (bytes !== null) this.push(null)
  }

  override _write(_chunk: Buffer, _encoding: string, done: () => void): void {
    done()
  }
}

/** Reads bytes with llhttp, strict, as Node's own HTTP server does. */
export class Llhttp {
  private readonly server: Server
  private readonly read = new WeakMap<object, Read[]>()

  constructor() {
    this.server = createServer({ insecureHTTPParser: false, requireHostHeader: false, maxHeaderSize: 1 << 20, keepAliveTimeout: 0 })
    this.server.maxHeadersCount = 0
    this.server.requestTimeout = 0
    this.server.headersTimeout = 0
    // Otherwise the end of the input would cut off what has been parsed but not been answered.
    Object.assign(this.server, { httpAllowHalfOpen: true })
    const take = (req: IncomingMessage, res: ServerResponse): void => this.take(req, res)
    this.server.on('request', take).on('checkContinue', take).on('checkExpectation', take)
    this.server.on('connect', (req, socket) => {
      this.read.get(socket)?.push({ ...message(req, true), complete: true })
      setImmediate(() => socket.destroy())
    })
    // Not at once: bodies of messages before the broken one are still on their way.
    this.server.on('clientError', (_error, socket) => setImmediate(() => socket.destroy()))
  }

  /** The complete messages in `bytes`, up to the first that llhttp refuses, that is cut short, or after which it would close. */
  messages(bytes: Buffer): Promise<Message[]> {
    const socket = new Delivered(bytes)
    const messages: Read[] = []
    this.read.set(socket, messages)
    return new Promise((resolve) => {
      socket.on('close', () => resolve(completeOnes(messages)))
      socket.on('error', () => undefined)
      this.server.emit('connection', socket)
      destroyAfter(MAX_TURNS, socket)
    })
  }

  private take(req: IncomingMessage, res: ServerResponse): void {
    const read = message(req, res.shouldKeepAlive)
    this.read.get(req.socket)?.push(read)
    req.setEncoding('latin1')
    req.on('data', (chunk: string) => (read.body += chunk))
    req.on('error', () => undefined)
    req.on('end', () => {
      read.complete = req.complete
      res.end()
    })
  }
}

function completeOnes(read: Read[]): Message[] {
  const broken = read.findIndex((one) => !one.complete)
  return (broken < 0 ? read : read.slice(0, broken)).map(({ method, url, fields, body, keep_alive }) => ({
    method,
    url,
    fields,
    body,
    keep_alive,
  }))
}

function message(req: IncomingMessage, keep_alive: boolean): Read {
  const fields: [string, string][] = []
  for (let i = 0; i < req.rawHeaders.length; i += 2) fields.push([req.rawHeaders[i], req.rawHeaders[i + 1]])
  return { method: req.method ?? '', url: req.url ?? '', fields, body: '', keep_alive, complete: false }
}
