import type { IncomingMessage, ServerResponse } from 'node:http'
import { messageOf } from '../base/errors.ts'
import type { PurgeOrder } from '../flow/purge-order.ts'
import type { Guard } from './guard.ts'
import { parsePurge } from './purge-request.ts'
import { Refused } from './refused.ts'

const BODY_MAX_BYTES = 64 * 1024

/** How many objects a purge met. */
export type Purging = (asked: PurgeOrder) => Promise<number>

export interface PurgeApiParts {
  readonly guard: Guard
  readonly purge: Purging
  /** A sentence for the operations log. */
  readonly tell: (level: 'info' | 'warn', message: string) => void
}

/** `POST /purge`, by JSON or a form. Answers are JSON: {"objects":12}, {"banned":"obj.status == 404"} or {"error":"..."}. */
export class PurgeApi {
  private readonly parts: PurgeApiParts

  constructor(parts: PurgeApiParts) {
    this.parts = parts
  }

  /** Answers it whatever happens; false when the path is not ours. */
  readonly handle = (path: string, req: IncomingMessage, res: ServerResponse): boolean => {
    if (path !== '/purge') return false
    void this.answer(req, res)
    return true
  }

  private async answer(req: IncomingMessage, res: ServerResponse): Promise<void> {
    try {
      send(res, 200, await this.carryOut(req))
    } catch (error) {
      this.refuse(req, res, error)
    }
  }

  private async carryOut(req: IncomingMessage): Promise<object> {
    const { guard, purge, tell } = this.parts
    guard.admit(req)
    if (req.method !== 'POST') throw new Refused(405, 'only POST', { Allow: 'POST' })
    if (req.headers['content-encoding'] !== undefined) throw new Refused(415, 'a Content-Encoding is not understood')
    const asked = parsePurge(req.headers['content-type'], await bodyOf(req))
    const objects = await purge(asked)
    if (asked.ban === undefined) {
      tell('info', `purged by ${req.socket.remoteAddress}: ${describe(asked)}, ${objects} objects`)
      return { objects }
    }
    tell('info', `banned by ${req.socket.remoteAddress}: ${asked.ban.slice(0, 1000)}`)
    return { banned: asked.ban }
  }

  private refuse(req: IncomingMessage, res: ServerResponse, error: unknown): void {
    const refused = error instanceof Refused ? error : new Refused(503, messageOf(error))
    const { status, message, fields } = refused
    if (status === 401 || status === 403) this.parts.tell('warn', `POST /purge from ${req.socket.remoteAddress} refused: ${message}`)
    // What is left of a body is not waited for.
    send(res, status, { error: message }, req.complete ? fields : { ...fields, Connection: 'close' })
  }
}

/** Rejects with Refused. */
function bodyOf(req: IncomingMessage): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>()
  const tooLarge = new Refused(413, `at most ${BODY_MAX_BYTES} bytes`)
  if (Number(req.headers['content-length'] ?? 0) > BODY_MAX_BYTES) throw tooLarge
  const chunks: Buffer[] = []
  let bytes = 0
  req.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes > BODY_MAX_BYTES) reject(tooLarge)
    else chunks.push(chunk)
  })
  req.on('end', () => resolve(Buffer.concat(chunks)))
  req.on('error', reject)
  req.on('close', () => reject(new Refused(400, 'the request broke off')))
  return promise
}

function describe({ url, tags = [], soft }: PurgeOrder): string {
  const what = url === undefined ? `tags ${tags.join(' ')}` : `${url.host}${url.target}`
  return (soft === undefined ? what : `${what}, softly`).slice(0, 1000)
}

function send(res: ServerResponse, status: number, body: object, fields: Readonly<Record<string, string>> = {}): void {
  if (res.destroyed) return
  const text = `${JSON.stringify(body)}\n`
  res.writeHead(status, {
    'Content-Type': 'application/json',
    'Content-Length': Buffer.byteLength(text),
    'Cache-Control': 'no-store',
    ...fields,
  })
  res.end(text)
}
