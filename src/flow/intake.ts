import { APPEND_PAUSE, type Body, type BodyReader } from '../store/contract.ts'

/** How much that nobody will read is taken in all the same, to keep the connection it comes on. */
const WASTED_MAX_BYTES = 64 * 1024

/** What an intake asks of its fetch. */
export interface IntakeHost {
  /** There is room again. */
  resumeOrigin(): void
  /** Nobody will read the rest, and it is too much to be taken in for nothing. */
  unwanted(): void
}

/**
 * The body of a response on its way from the origin to its readers. It has a reader of its own until everybody who is to
 * have the response has one: from then on a window that nobody reads is of no use to anybody, and must not stand still
 * with the origin's connection.
 */
export class Intake {
  readonly body: Body
  private readonly host: IntakeHost
  private hold: BodyReader | undefined
  private wasted = false

  constructor(body: Body, host: IntakeHost) {
    this.body = body
    this.host = host
    this.hold = body.read(0)
    body.onRoom = this.onRoom
    body.onDeserted = this.onDeserted
  }

  /** False: pause the origin. */
  take(chunk: Buffer): boolean {
    return this.wasted || this.body.append(chunk) !== APPEND_PAUSE
  }

  complete(): void {
    this.body.complete()
  }

  fail(): void {
    this.body.fail()
  }

  /** Everybody has a reader who is to have one. */
  letGo(): void {
    const { hold } = this
    this.hold = undefined
    hold?.release()
  }

  private readonly onRoom = (): void => {
    this.host.resumeOrigin()
  }

  private readonly onDeserted = (): void => {
    const { body } = this
    const left_bytes = body.expected_bytes - body.size_bytes
    if (left_bytes < 0 || left_bytes > WASTED_MAX_BYTES) return this.host.unwanted()
    this.wasted = true
    body.fail()
    this.host.resumeOrigin()
  }
}
