import type { Body, Cold } from '../store/contract.ts'

/** Longer than a worker has been dead when that is seen, and no wait that a client would notice. */
const PATIENCE_MS = 100

/**
 * Of what another worker has begun to fill there is no byte yet. It is waited for before anything is sent: mostly it comes at once, and leaves in one
 * write with the head; and should that worker have died, nobody has been sent a head without a body, and all are served by another fetch.
 */
export class FirstByte implements Cold {
  private readonly body: Body

  constructor(body: Body) {
    this.body = body
  }

  thaw(done: () => void): void {
    const { body } = this
    const reader = body.read(0)
    const come = (): void => {
      if (reader.onMore !== come) return
      reader.onMore = undefined
      clearTimeout(timer)
      done()
      reader.release()
    }
    const timer = setTimeout(come, PATIENCE_MS).unref()
    reader.onMore = come
    // While the reader was made it may have been found to have come, or to have broken: nobody tells of that again.
    if (!isToBegin(body)) process.nextTick(come)
  }
}

/** Another worker fills it, and nothing of it is there. */
export function isToBegin(body: Body): boolean {
  return body.followed === true && body.size_bytes === 0
}
