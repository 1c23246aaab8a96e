import { closeSync } from 'node:fs'
import { type Errno, type RingCalls, ringCalls } from './native.ts'

/** A ring of the kernel's (io_uring(7)) that a thread sends through: made by the manager, used by one worker's threads, one after the other. */
export interface SendRingPlace {
  readonly fd: number
  /** Both queues, and the entries of what is submitted. Addresses in this process. */
  readonly queues: bigint
  readonly queues_bytes: number
  readonly entries: bigint
  readonly entries_count: number
  /** Of 32-bit words in `queues`. */
  readonly words: RingWords
}

interface RingWords {
  readonly submitted_head: number
  readonly submitted_tail: number
  readonly order: number
  readonly completed_head: number
  readonly completed_tail: number
  readonly completed_mask: number
  readonly completions: number
}

const PARAMETERS_BYTES = 120
const SETUP_SUBMIT_ALL = 1 << 7
const FEATURE_SINGLE_MMAP = 1 << 0
const OFFSET_QUEUES = 0
const OFFSET_ENTRIES = 0x10000000

const ENTRY_BYTES = 64
const ENTRY_WORDS = ENTRY_BYTES / 4
const COMPLETION_WORDS = 4
const OP_SEND = 26
const MSG_DONTWAIT = 0x40
const MSG_NOSIGNAL = 0x4000
/** Words of an entry. */
const ENTRY_FD = 1
const ENTRY_ADDRESS = 4
const ENTRY_LENGTH = 6
const ENTRY_FLAGS = 7
const ENTRY_USER = 8

/** One that takes `count` sends at a time, a power of 2, or why the kernel gives none: EPERM, ENOSYS. Throws a NoNativeError. */
export function makeSendRing(count: number): SendRingPlace | Errno {
  const calls = ringCalls('io_uring')
  const bytes = Buffer.alloc(PARAMETERS_BYTES)
  bytes.writeUInt32LE(SETUP_SUBMIT_ALL, 8)
  const fd = calls.setup(count, bytes)
  if (typeof fd === 'string') return fd
  const place = map(calls, fd, bytes)
  if (typeof place === 'string') closeSync(fd)
  return place
}

/** Fields of struct io_uring_params: entries at 0 and 4, features at 20, offsets of the queue of what is submitted from 40, of what is completed from 80. */
function map(calls: RingCalls, fd: number, parameters: Buffer): SendRingPlace | Errno {
  const at = (offset: number): number => parameters.readUInt32LE(offset)
  if ((at(20) & FEATURE_SINGLE_MMAP) === 0) return 'ENOTSUP'
  const [entries_count, completions] = [at(0), at(4)]
  const queues_bytes = Math.max(at(64) + entries_count * 4, at(100) + completions * COMPLETION_WORDS * 4)
  const queues = calls.map(fd, queues_bytes, OFFSET_QUEUES)
  if (typeof queues === 'string') return queues
  const entries = calls.map(fd, entries_count * ENTRY_BYTES, OFFSET_ENTRIES)
  if (typeof entries === 'string') {
    calls.unmap(queues, queues_bytes)
    return entries
  }
  const words = {
    submitted_head: at(40) / 4,
    submitted_tail: at(44) / 4,
    order: at(64) / 4,
    completed_head: at(80) / 4,
    completed_tail: at(84) / 4,
    completed_mask: at(88) / 4,
    completions: at(100) / 4,
  }
  return { fd, queues, queues_bytes, entries, entries_count, words }
}

/** No thread uses it any more. */
export function closeSendRing({ fd, queues, queues_bytes, entries, entries_count }: SendRingPlace): void {
  const calls = ringCalls('io_uring')
  calls.unmap(queues, queues_bytes)
  calls.unmap(entries, entries_count * ENTRY_BYTES)
  closeSync(fd)
}

/** What became of a send: bytes that the kernel has taken, less than 0 an error, or this: it has not told. */
const UNTOLD = -0x7fffffff

/**
 * Many sends in one system call. None waits (MSG_DONTWAIT): the kernel carries each out while it is submitted, and when `send` returns it looks
 * at no memory of ours any more. What a client does not take at once is left to the caller. Kernels before 5.18, which may not know that flag of a send, do not
 * know one that we make a ring with either (SETUP_SUBMIT_ALL).
 *
 * Whatever a thread before us has left in the queues is forgotten: it has ended, and with it what it submitted.
 */
export class SendRing {
  /** So many at a time. */
  readonly room: number
  /** Added and not sent. */
  count = 0
  /** The kernel did something unexpected: nothing is sent through it any more. */
  broken: string | undefined = undefined
  private readonly calls: RingCalls
  private readonly fd: number
  private readonly words: RingWords
  private readonly queues: Int32Array
  private readonly entries: Int32Array
  private readonly results: Int32Array
  private readonly mask: number
  private readonly completed_mask: number
  private first = 0
  private tail = 0
  private memory: Buffer | undefined = undefined
  private address = 0

  constructor(place: SendRingPlace, calls = ringCalls('io_uring')) {
    this.calls = calls
    this.fd = place.fd
    this.words = place.words
    this.room = place.entries_count
    this.mask = this.room - 1
    this.queues = new Int32Array(calls.view(place.queues, place.queues_bytes))
    this.entries = new Int32Array(calls.view(place.entries, place.entries_count * ENTRY_BYTES))
    this.results = new Int32Array(this.room)
    this.completed_mask = this.queues[this.words.completed_mask]
    this.forget()
    for (let i = 0; i < this.room; i++) this.prepare(i)
  }

  private forget(): void {
    const { queues, words } = this
    this.first = this.tail = Atomics.load(queues, words.submitted_head)
    Atomics.store(queues, words.submitted_tail, this.tail)
    Atomics.store(queues, words.completed_head, Atomics.load(queues, words.completed_tail))
  }

  /** What is the same in each send. */
  private prepare(i: number): void {
    const at = i * ENTRY_WORDS
    this.entries.fill(0, at, at + ENTRY_WORDS)
    this.entries[at] = OP_SEND
    this.entries[at + ENTRY_FLAGS] = MSG_DONTWAIT | MSG_NOSIGNAL
    this.entries[at + ENTRY_USER] = i
    this.queues[this.words.order + i] = i
  }

  /** Whose bytes are sent from now on: outside the heap, so that they stay where they are. */
  use(memory: Buffer): void {
    this.memory = memory
    this.address = this.calls.addressOf(memory)
  }

  /** Is it sent from that? */
  holds(memory: Buffer): boolean {
    return this.memory === memory
  }

  /** Bytes of its memory to a socket that nothing else is on its way to; at most `room` before `send`. */
  add(fd: number, from: number, to: number): void {
    const { entries } = this
    const slot = this.tail & this.mask
    const at = slot * ENTRY_WORDS
    const address = this.address + from
    entries[at + ENTRY_FD] = fd
    entries[at + ENTRY_ADDRESS] = address
    entries[at + ENTRY_ADDRESS + 1] = address / 0x100000000
    entries[at + ENTRY_LENGTH] = to - from
    this.results[slot] = UNTOLD
    this.tail = (this.tail + 1) | 0
    this.count++
  }

  /** All that was added. */
  send(): void {
    const { queues, words, count } = this
    this.first = (this.tail - count) | 0
    this.count = 0
    Atomics.store(queues, words.submitted_tail, this.tail)
    const submitted = this.calls.enter(this.fd, count, 0)
    if (this.reap() !== count) this.settle(count, submitted)
  }

  /** Of the i-th that was added before `send`: how many bytes the kernel has taken; less than 0: none. */
  taken(i: number): number {
    return this.results[(this.first + i) & this.mask]
  }

  private reap(): number {
    const { queues, words, results, completed_mask } = this
    const tail = Atomics.load(queues, words.completed_tail)
    let head = queues[words.completed_head]
    let count = 0
    for (; head !== tail; head = (head + 1) | 0, count++) {
      const at = words.completions + (head & completed_mask) * COMPLETION_WORDS
      results[queues[at] & this.mask] = queues[at + 2]
    }
    Atomics.store(queues, words.completed_head, head)
    return count
  }

  /** Not all were carried out at once. What the kernel has not looked at is taken back, what it has begun is waited for: it reads our memory. */
  private settle(count: number, submitted: number | Errno): void {
    const { queues, words } = this
    const begun = (Atomics.load(queues, words.submitted_head) - this.first) | 0
    for (let i = begun; i < count; i++) this.results[(this.first + i) & this.mask] = -1
    this.tail = (this.first + begun) | 0
    Atomics.store(queues, words.submitted_tail, this.tail)
    const late = this.untold(begun)
    this.broken = `it began ${begun} of ${count} sends (${submitted}), and did not end ${late} at once`
    if (late > 0) this.wait(begun)
  }

  private untold(begun: number): number {
    let count = 0
    for (let i = 0; i < begun; i++) if (this.taken(i) === UNTOLD) count++
    return count
  }

  /** Throws when the kernel does not let us: nothing of this thread can go on then. */
  private wait(begun: number): void {
    for (let left = this.untold(begun); left > 0; left = this.untold(begun)) {
      const outcome = this.calls.enter(this.fd, 0, left)
      if (typeof outcome === 'string' && outcome !== 'EINTR') throw new Error(`io_uring: ${this.broken}; waiting for them: ${outcome}`)
      this.reap()
    }
  }
}
