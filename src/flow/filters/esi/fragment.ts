import type { ConnectionFacts, ClientConnection, Held } from '../../client.ts'
import { RequestHead } from '../../../http/message.ts'
import type { StoredHead } from '../../../http/stored-head.ts'
import type { Body } from '../../../store/contract.ts'
import type { PageOutput } from './page-output.ts'

/**
 * What an include looks like to the request that is made for it: a client that wants no head, takes the body a piece at a time, and
 * makes it wait for its turn in the page.
 */
export class Fragment implements ClientConnection {
  readonly facts: ConnectionFacts
  readonly req = new RequestHead()
  readonly body = undefined
  readonly http11 = true
  readonly keepAlive = true
  readonly upgrade = false
  readonly head_bytes = 0
  readonly body_bytes = 0
  closed = false
  timeout_idle_ms: number
  timeout_linger_ms: number
  send_timeout_ms: number
  idle_send_timeout_ms: number
  onDrain: (() => void) | undefined = undefined
  onClosed: (() => void) | undefined = undefined

  /** Of the response, once it has begun. */
  status = 0
  /** It broke off. */
  failed = false
  /** Its page is gzip on its way to the client: it may come as gzip. */
  readonly mayBePacked: boolean
  /** It does: this is its body, as it is stored. */
  packed: Body | undefined = undefined
  /** It is a page whose blocks come, and this is what they come to. */
  blocks: PageOutput | undefined = undefined
  /** It came as a whole, at once. */
  isWhole = false
  /** Something has changed. */
  onMore: (() => void) | undefined = undefined
  private ended = false
  private piece: Buffer | undefined = undefined
  /** The page has the piece, and may be sending it. */
  private taken = false
  private readonly held: Held[] = []

  constructor(parent: ClientConnection, mayBePacked: boolean) {
    this.mayBePacked = mayBePacked
    this.facts = parent.facts
    this.timeout_idle_ms = parent.timeout_idle_ms
    this.timeout_linger_ms = parent.timeout_linger_ms
    this.send_timeout_ms = parent.send_timeout_ms
    this.idle_send_timeout_ms = parent.idle_send_timeout_ms
  }

  // The page's side.

  /** The next piece, which holds until the next call; undefined: not yet, or no more. */
  next(): Buffer | undefined {
    if (this.taken) this.taken = false
    else return this.give()
    this.piece = undefined
    if (!this.ended) this.onDrain?.()
    return this.give()
  }

  get done(): boolean {
    return this.ended && (this.piece === undefined || this.taken)
  }

  /** The page needs it no more, or never. */
  release(): void {
    const { onClosed } = this
    this.closed = true
    this.onMore = this.onDrain = this.onClosed = undefined
    this.piece = undefined
    if (!this.ended) onClosed?.()
    this.ended = true
    this.letGo()
  }

  private give(): Buffer | undefined {
    this.taken = this.piece !== undefined
    return this.piece
  }

  private letGo(): void {
    for (const memory of this.held) memory.release()
    this.held.length = 0
  }

  // The request's side.

  closeAfter(): void {}

  informational(): void {}

  respond(head: string, body: Buffer | undefined): boolean {
    return this.answer(Number(head.slice(9, 12)), body)
  }

  respondStored({ lines }: StoredHead, body: Buffer | undefined): boolean {
    return this.answer(Number(lines.slice(9, 12)), body)
  }

  hold(memory: Held): void {
    if (this.closed) memory.release()
    else this.held.push(memory)
  }

  start(head: string): void {
    this.status = Number(head.slice(9, 12))
  }

  headFirst(): void {}

  write(chunk: Buffer): boolean {
    this.piece = chunk
    this.taken = false
    this.onMore?.()
    // The page may have sent it, and be back for more, before it could be told to wait.
    return this.piece === undefined
  }

  cork(): boolean {
    return false
  }

  uncork(): void {}

  end(): void {
    this.finish()
  }

  abort(): void {
    this.failed = true
    this.finish()
  }

  detach(): never {
    throw new Error('an ESI include is never piped')
  }

  private answer(status: number, body: Buffer | undefined): boolean {
    this.status = status
    this.piece = body !== undefined && body.length > 0 ? body : undefined
    this.taken = false
    this.isWhole = true
    this.finish()
    return body === undefined
  }

  private finish(): void {
    this.ended = true
    this.onDrain = this.onClosed = undefined
    this.onMore?.()
  }
}
