import { createHash } from 'node:crypto'
import type { Fields } from '../http/fields.ts'
import type { OutgoingBody } from '../origin/contract.ts'
import type { ClientTask } from './client-task.ts'
import type { RequestBody } from './client.ts'
import { STEP, type Step } from './step.ts'

/**
 * QUERY (draft-ietf-httpbis-safe-method-w-body): its content is part of the cache key, so it is taken in before the cache is asked,
 * up to `query_body_max`. What is larger is passed.
 */

type Sink = Parameters<OutgoingBody['start']>[0]

const NOTHING = Buffer.alloc(0)

/** The content of a request, kept: it can be sent any number of times. */
export class KeptBody implements OutgoingBody {
  /** It has not gone: it never does. */
  readonly started = false
  readonly content: Buffer

  constructor(content: Buffer) {
    this.content = content
  }

  get length_bytes(): number {
    return this.content.length
  }

  start(sink: Sink): void {
    if (this.content.length > 0) sink.onData(this.content)
    sink.onEnd()
  }

  pause(): void {}
  resume(): void {}
}

/** The first part of a content, which has been taken in, and the rest, which comes. */
export class ContinuedBody implements OutgoingBody {
  started = false
  readonly length_bytes: number
  private readonly begun: Buffer
  private readonly rest: RequestBody

  constructor(begun: Buffer, rest: RequestBody) {
    this.length_bytes = rest.length_bytes
    this.begun = begun
    this.rest = rest
  }

  start(sink: Sink): void {
    this.started = true
    sink.onData(this.begun)
    this.rest.start(sink)
    this.rest.resume()
  }

  pause(): void {
    this.rest.pause()
  }

  resume(): void {
    this.rest.resume()
  }
}

/** After vcl_recv: on, when the content is there. */
export function takeQuery(task: ClientTask): Step {
  if (task.kept_body !== undefined) return STEP.hash
  const { body } = task.connection
  if (body === undefined) {
    task.kept_body = new KeptBody(NOTHING)
    return STEP.hash
  }
  const intake = new QueryIntake(task, body)
  body.start(intake)
  return intake.wait()
}

/** After vcl_hash: by its content, too. Only what is whole can be a key. */
export function queryKey(task: ClientTask): Step {
  const { kept_body, req } = task
  if (!(kept_body instanceof KeptBody)) return STEP.pass
  task.base_key = task.key
  task.key += contentKey(req.fields, kept_body.content)
  return STEP.lookup
}

class QueryIntake implements Sink {
  private readonly task: ClientTask
  private readonly body: RequestBody
  private readonly xid: number
  private readonly limit_bytes: number
  /** One piece with room to grow: it may come byte by byte, and an object for each would take a hundred times its size. */
  private room = NOTHING
  private size_bytes = 0
  /** Nobody waits for it any more. */
  private over = false
  private tooLarge = false
  private next: Step = STEP.wait
  private waiting = false

  constructor(task: ClientTask, body: RequestBody) {
    this.task = task
    this.body = body
    this.xid = task.req_xid
    this.limit_bytes = task.env.params.query_body_max
  }

  /** The step to go on with: what was received with the head may be all. */
  wait(): Step {
    this.waiting = !this.over
    if (this.waiting) this.task.log.park()
    return this.next
  }

  onData(chunk: Buffer): void {
    this.append(chunk)
    if (this.tooLarge || Math.max(this.size_bytes, this.body.length_bytes) <= this.limit_bytes) return
    this.tooLarge = true
    this.body.pause()
    // More of the same read may follow before the pause is seen: it is taken in with this.
    process.nextTick(() => this.goOn())
  }

  onEnd(): void {
    this.goOn()
  }

  onError(): void {
    if (this.over) return
    this.over = true
    const { task } = this
    if (this.left) return
    this.resume(task.refuse(400, 'Bad Request'))
  }

  private append(chunk: Buffer): void {
    const end = this.size_bytes + chunk.length
    if (end > this.room.length) {
      const larger = Buffer.allocUnsafe(Math.max(end, 2 * this.room.length))
      this.room.copy(larger, 0, 0, this.size_bytes)
      this.room = larger
    }
    chunk.copy(this.room, this.size_bytes)
    this.size_bytes = end
  }

  private goOn(): void {
    if (this.over) return
    this.over = true
    if (this.left) return
    const content = this.room.subarray(0, this.size_bytes)
    this.task.kept_body = this.tooLarge ? new ContinuedBody(content, this.body) : new KeptBody(content)
    this.resume(STEP.hash)
  }

  /** The client has, and the task may be another's. */
  private get left(): boolean {
    return this.task.gone || this.task.req_xid !== this.xid
  }

  private resume(step: Step): void {
    this.next = step
    if (!this.waiting) return
    this.task.resume(step)
  }
}

/** What the content adds to the key: itself, and what the origin is told of it. */
export function contentKey(fields: Fields, content: Buffer): string {
  const hash = createHash('sha256')
  for (const name of ['content-type', 'content-encoding', 'content-language']) hash.update(`${fields.combined(name) ?? ''}\n`, 'latin1')
  return `QUERY ${hash.update(content).digest('base64url')}\0`
}
