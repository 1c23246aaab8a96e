import type { OutgoingBody } from '../origin/contract.ts'
import type { ClientTask } from './client-task.ts'
import type { RequestBody } from './client.ts'
import { logReqBody } from './request-log.ts'
import { STEP, type Step } from './step.ts'

/**
 * Request bodies that are taken in before the request goes on: a QUERY's, which is part of its key, and what std.cache_req_body
 * wants to send more than once. All others go to the origin as they come.
 */

type Sink = Parameters<OutgoingBody['start']>[0]

export const NOTHING = Buffer.alloc(0)

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

/** What is kept of bodies at one time in a worker: who comes when there is no room has his streamed. */
export class BodyRoom {
  private left_bytes: number
  private limit_bytes: number

  constructor(limit_bytes: number) {
    this.left_bytes = this.limit_bytes = limit_bytes
  }

  /** What has been taken stays taken. */
  limit(limit_bytes: number): void {
    this.left_bytes += limit_bytes - this.limit_bytes
    this.limit_bytes = limit_bytes
  }

  take(size_bytes: number): boolean {
    if (size_bytes > this.left_bytes) return false
    this.left_bytes -= size_bytes
    return true
  }

  giveBack(size_bytes: number): void {
    this.left_bytes += size_bytes
  }
}

/** Takes a body in before the request goes on with `after`: whole up to `limit_bytes`, else its beginning. */
class BodyIntake implements Sink {
  private readonly task: ClientTask
  private readonly body: RequestBody
  private readonly xid: number
  private readonly limit_bytes: number
  private readonly after: Step
  /** One piece with room to grow: it may come byte by byte, and an object for each would take a hundred times its size. */
  private room = NOTHING
  private size_bytes = 0
  /** Nobody waits for it any more. */
  private over = false
  private tooLarge = false
  private next: Step = STEP.wait
  private waiting = false

  constructor(task: ClientTask, body: RequestBody, limit_bytes: number, after: Step) {
    this.task = task
    this.body = body
    this.xid = task.req_xid
    this.limit_bytes = limit_bytes
    this.after = after
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
    logReqBody(task)
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
    // What goes on to come is told when it has.
    if (!this.tooLarge) logReqBody(this.task)
    const content = this.room.subarray(0, this.size_bytes)
    this.task.kept_body = this.tooLarge ? new ContinuedBody(content, this.body) : new KeptBody(content)
    this.resume(this.after)
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

/**
 * Before vcl_recv, where rules may ask for the body (std.cache_req_body): up to `limit_bytes`. Too large, and when there is no room for
 * it, it is streamed like any other.
 */
export function takeForRules(task: ClientTask, limit_bytes: number): Step {
  const { body } = task.connection
  if (body === undefined || body.started || task.kept_body !== undefined) return STEP.recv
  const most_bytes = body.length_bytes < 0 ? limit_bytes : body.length_bytes
  if (most_bytes > limit_bytes || !task.env.bodies.take(most_bytes)) return STEP.recv
  task.kept_bytes = most_bytes
  return takeBody(task, body, limit_bytes, STEP.recv)
}

/** On with `after` when the body is there: at once, if it came with the head. */
export function takeBody(task: ClientTask, body: RequestBody, limit_bytes: number, after: Step): Step {
  const intake = new BodyIntake(task, body, limit_bytes, after)
  body.start(intake)
  return intake.wait()
}
