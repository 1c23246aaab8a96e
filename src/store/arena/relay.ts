import { BroadcastChannel } from 'node:worker_threads'
import { APPEND_OK, type Body, type BodyReader } from '../contract.ts'
import type { ArenaMemory } from './memory.ts'

const EVERYBODY = -1
/**
 * The beginning of a window is kept for workers that found the body before and have not followed it yet: so long at least, and until the
 * runs have ended in which they found it, but not for one that hangs.
 */
const LATE_MS = 100
const LATE_MAX_MS = 5000
/** For what was asked at the end of such a run to come in. */
const ARRIVAL_MS = 10
/** Bytes on their way to one worker at most. */
const CREDIT_BYTES = 256 * 1024

/**
 * Between workers. `body` is the generation of the object's record, `from` and `to` are workers, `at` is a place in the body's rest: a worker
 * that has given up a body and wants it again may still hear the end of what it was sent the first time.
 */
type Message = { readonly from: number; readonly to: number; readonly body: number } & (
  | { readonly kind: 'data'; readonly at: number; readonly bytes: Uint8Array }
  | { readonly kind: 'complete'; readonly at: number }
  | { readonly kind: 'taken'; readonly bytes: number }
  | { readonly kind: 'failed' | 'unwanted' | 'wanted' }
  /** A worker begins: what was sent to one before it in its place is for nobody. */
  | { readonly kind: 'born' }
)

/** A body of this worker that goes on in a window. `stopped` is called when nobody else is, or can be, sent any of it. */
export interface Outgrown {
  readonly window: Body
  stopped(): void
}

/** What a relay asks of its store. */
export interface RelayHost {
  /** The window in which a body that another worker fills goes on here; undefined when nobody here reads it. */
  windowOf(body: number): Body | undefined
}

/**
 * When a body has outgrown its room in the arena, it goes on in a window of its writer's heap. To workers whose readers follow it the
 * rest is sent in messages, as fast as the slowest of them takes it. That is dear, and rare: only bodies of unknown length come to it.
 */
export class Relay {
  private readonly memory: ArenaMemory
  private readonly host: RelayHost
  private readonly sending = new Map<string, Sending>()
  /** Bodies of ours that have outgrown their room and still fill. */
  private readonly windows = new Map<number, Outgrown>()
  private readonly receiving = new Map<number, Receiving>()
  private readonly channel: BroadcastChannel

  /** `name` is that of the store: its workers, and no others, have the same. */
  constructor(name: string, memory: ArenaMemory, host: RelayHost) {
    this.memory = memory
    this.host = host
    this.channel = new BroadcastChannel(name)
    this.channel.addEventListener('message', (event) => this.heard((event as { data: Message }).data))
    // A worker with nothing else to do may end.
    this.channel.unref()
    this.post({ kind: 'born', from: memory.worker, to: EVERYBODY, body: 0 })
  }

  /**
   * The rest of a body of ours will come into the window: it is for these workers, and for those who ask in time. `late` tells whether
   * there may still be some who have not asked.
   */
  outgrown(body: number, outgrown: Outgrown, workers: readonly number[], late: () => boolean): void {
    this.windows.set(body, outgrown)
    for (const to of workers) this.send(to, body, outgrown)
    // Who found the body just before and asks now is to have all of it.
    const hold = outgrown.window.read(0)
    setImmediate(late).unref()
    this.await(LATE_MS, LATE_MAX_MS, late, () => {
      hold.release()
      this.sift(body)
    })
  }

  private await(wait_ms: number, left_ms: number, late: () => boolean, then: () => void): void {
    const timer = setTimeout(() => {
      if (left_ms <= 0) then()
      else if (late()) this.await(LATE_MS, left_ms - LATE_MS, late, then)
      else this.await(ARRIVAL_MS, 0, late, then)
    }, wait_ms)
    timer.unref()
  }

  /** The rest of that worker's body is wanted here. If it knows that, no harm is done. */
  want(from: number, body: number): void {
    this.post({ kind: 'wanted', from: this.memory.worker, to: from, body })
  }

  private send(to: number, body: number, outgrown: Outgrown): void {
    const post = (part: Part): void => this.post({ ...part, from: this.memory.worker, to, body })
    const sending = new Sending(outgrown.window.read(0), this.memory.lifeOf(to), post)
    this.sending.set(keyOf(to, body), sending)
    sending.pump()
  }

  /** The doorbell rang, perhaps because a worker has died: what it was sent is for nobody. */
  rung(): void {
    for (const body of Array.from(this.windows.keys())) this.sift(body)
    for (const [key, sending] of Array.from(this.sending)) {
      if (this.memory.lifeOf(Number(key.split(' ')[0])) !== sending.life) this.stop(key)
    }
  }

  private heard(message: Message): void {
    if (message.kind === 'born') return this.stopAll(message.from)
    if (message.to !== this.memory.worker) return
    const key = keyOf(message.from, message.body)
    switch (message.kind) {
      case 'data':
        return this.receivingOf(message)?.take(message.at, message.bytes)
      case 'taken':
        return this.sending.get(key)?.taken(message.bytes)
      case 'unwanted':
        return this.stop(key)
      case 'wanted':
        return this.asked(message.from, message.body)
      case 'complete':
        if (this.receivingOf(message)?.received_bytes === message.at) this.ended(message.body, 'complete')
        return
      default:
        this.receivingOf(message)
        return this.ended(message.body, 'failed')
    }
  }

  private asked(from: number, body: number): void {
    if (this.sending.has(keyOf(from, body))) return
    const outgrown = this.windows.get(body)
    if (outgrown !== undefined && outgrown.window.joinable) this.send(from, body, outgrown)
    else this.post({ kind: 'failed', from: this.memory.worker, to: from, body })
  }

  private receivingOf(message: Message): Receiving | undefined {
    const { body, from } = message
    const known = this.receiving.get(body)
    if (known !== undefined) return known
    const answer = (kind: 'taken' | 'unwanted', bytes = 0): void => this.post({ kind, bytes, from: this.memory.worker, to: from, body })
    const window = this.host.windowOf(body)
    if (window === undefined) {
      answer('unwanted')
      return undefined
    }
    const receiving = new Receiving(window, {
      taken: (bytes) => answer('taken', bytes),
      unwanted: () => {
        this.receiving.delete(body)
        answer('unwanted')
      },
    })
    this.receiving.set(body, receiving)
    return receiving
  }

  /** The end of what is received, or was to be. */
  ended(body: number, how: 'complete' | 'failed'): void {
    const receiving = this.receiving.get(body)
    this.receiving.delete(body)
    if (how === 'complete') receiving?.window.complete()
    else receiving?.window.fail()
  }

  private stopAll(to: number): void {
    for (const key of Array.from(this.sending.keys())) if (key.startsWith(`${to} `)) this.stop(key)
  }

  private stop(key: string): void {
    const sending = this.sending.get(key)
    if (!this.sending.delete(key) || sending === undefined) return
    sending.reader.release()
    this.sift(Number(key.split(' ')[1]))
  }

  /** Nobody is sent any more of it, and nobody can ask. */
  private sift(body: number): void {
    const outgrown = this.windows.get(body)
    if (outgrown === undefined || this.sends(body) || (outgrown.window.state === 'filling' && outgrown.window.joinable)) return
    this.windows.delete(body)
    outgrown.stopped()
  }

  private sends(body: number): boolean {
    for (const key of this.sending.keys()) if (key.endsWith(` ${body}`)) return true
    return false
  }

  private post(message: Message): void {
    if (message.kind === 'complete' || message.kind === 'failed') this.stop(keyOf(message.to, message.body))
    // A channel, not a window: there is no origin to name.
    // oxlint-disable-next-line unicorn/require-post-message-target-origin
    this.channel.postMessage(message)
  }
}

function keyOf(worker: number, body: number): string {
  return `${worker} ${body}`
}

type Part =
  | { readonly kind: 'data'; readonly at: number; readonly bytes: Uint8Array }
  | { readonly kind: 'complete'; readonly at: number }
  | { readonly kind: 'failed' }

/** A reader of the window whose client is a worker. */
class Sending {
  readonly reader: BodyReader
  readonly life: number
  private readonly post: (part: Part) => void
  private sent_bytes = 0
  private outstanding_bytes = 0
  private pumping = false

  constructor(reader: BodyReader, life: number, post: (part: Part) => void) {
    this.reader = reader
    this.life = life
    this.post = post
    reader.onMore = () => this.pump()
  }

  taken(bytes: number): void {
    this.outstanding_bytes -= bytes
    this.pump()
  }

  pump(): void {
    // Reading on may let the writer go on, which calls back.
    if (this.pumping) return
    this.pumping = true
    while (this.outstanding_bytes < CREDIT_BYTES) {
      const piece = this.reader.next()
      if (piece === undefined) break
      const at = this.sent_bytes
      this.sent_bytes += piece.length
      this.outstanding_bytes += piece.length
      this.post({ kind: 'data', at, bytes: Uint8Array.from(piece) })
    }
    this.pumping = false
    if (this.reader.done) this.post({ kind: 'complete', at: this.sent_bytes })
    else if (this.reader.failed) this.post({ kind: 'failed' })
  }
}

interface Answers {
  taken(bytes: number): void
  unwanted(): void
}

/** A window here that another worker fills. */
class Receiving {
  readonly window: Body
  received_bytes = 0
  private readonly answers: Answers
  private untold_bytes = 0

  constructor(window: Body, answers: Answers) {
    this.window = window
    this.answers = answers
    window.onRoom = () => this.tell()
    window.onDeserted = () => answers.unwanted()
  }

  /** Only what comes next: the rest of an earlier sending may be ahead of it, or the beginning of another one behind. */
  take(at: number, bytes: Uint8Array): void {
    if (at > this.received_bytes) return
    this.untold_bytes += bytes.length
    const next = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).subarray(this.received_bytes - at)
    this.received_bytes += next.length
    if (next.length === 0 || this.window.append(next) === APPEND_OK) this.tell()
  }

  private tell(): void {
    const { untold_bytes } = this
    this.untold_bytes = 0
    if (untold_bytes > 0) this.answers.taken(untold_bytes)
  }
}
