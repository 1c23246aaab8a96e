import { once } from 'node:events'
import { fstatSync } from 'node:fs'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { RingCalls } from '../../../src/shm/native.ts'
import { closeSendRing, makeSendRing, SendRing, type SendRingPlace } from '../../../src/shm/send-ring.ts'

const ROOM = 4

/** Whose kernel has none: what follows is about one that does. */
const probed = makeSendRing(ROOM)
if (typeof probed !== 'string') closeSendRing(probed)

interface Ends {
  readonly ours: number
  readonly near: Socket
  readonly far: Socket
}

describe.skipIf(typeof probed === 'string')('through the kernel', () => {
  let server: Server
  let place: SendRingPlace
  let ring: SendRing
  const memory = Buffer.allocUnsafeSlow(1024 * 1024)
  const open: Ends[] = []

  beforeAll(async () => {
    server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    place = makeSendRing(ROOM) as SendRingPlace
    ring = new SendRing(place)
    ring.use(memory)
  })
  afterEach(() => {
    for (const { near, far } of open.splice(0)) for (const socket of [near, far]) socket.destroy()
  })
  afterAll(() => {
    server.close()
    closeSendRing(place)
  })

  async function pair(): Promise<Ends> {
    const { port } = server.address() as { port: number }
    const far = connect({ port, host: '127.0.0.1' })
    const [near] = (await once(server, 'connection')) as [Socket]
    for (const socket of [near, far]) socket.on('error', () => {})
    const { fd } = (near as unknown as { _handle: { fd: number } })._handle
    open.push({ ours: fd, near, far })
    return open.at(-1)!
  }

  async function read(socket: Socket, bytes: number): Promise<string> {
    let text = ''
    while (text.length < bytes) {
      const piece = socket.read() as Buffer | null
      if (piece === null) await once(socket, 'readable')
      else text += piece.toString('latin1')
    }
    return text
  }

  /** Puts a text where the last ended; each to its socket. */
  function send(...what: [Ends, string][]): number[] {
    let at = 0
    for (const [{ ours }, text] of what) {
      const end = at + memory.write(text, at, 'latin1')
      ring.add(ours, at, end)
      at = end
    }
    ring.send()
    memory.fill('#', 0, at)
    return what.map((_, i) => ring.taken(i))
  }

  test('each gets what is his, round and round the ring', async () => {
    const all = [await pair(), await pair(), await pair()]
    for (let round = 0; round < 200; round++) {
      const some = all.slice(0, 1 + (round % 3))
      expect(send(...some.map((one, i): [Ends, string] => [one, `${round} to ${i};`]))).toEqual(
        some.map((_, i) => `${round} to ${i};`.length),
      )
      for (const [i, { far }] of some.entries()) expect(await read(far, 5)).toBe(`${round} to ${i};`)
    }
    expect(ring.broken).toBeUndefined()
  })

  test('who reads nothing takes a part, then none, and holds nobody up', async () => {
    const [slow, quick] = [await pair(), await pair()]
    const text = 'x'.repeat(500_000)
    const taken: number[] = []
    while (taken.at(-1) !== -11) {
      const [of_slow, of_quick] = send([slow, text], [quick, 'quick'])
      taken.push(of_slow)
      expect([of_quick, await read(quick.far, 5)]).toEqual([5, 'quick'])
    }
    expect(taken.some((bytes) => bytes > 0 && bytes < text.length)).toBe(true)
    const total = taken.slice(0, -1).reduce((sum, bytes) => sum + bytes, 0)
    expect(await read(slow.far, total)).toBe('x'.repeat(total))
    expect(ring.broken).toBeUndefined()
  })

  test('who has left is an error of his alone', async () => {
    const [gone, here] = [await pair(), await pair()]
    gone.near.pause()
    gone.far.resetAndDestroy()
    await once(gone.far, 'close')
    const outcomes = new Set<number>()
    for (let i = 0; i < 2; i++) {
      const [of_gone, of_here] = send([gone, 'to nobody'], [here, 'here'])
      outcomes.add(of_gone)
      expect(of_here).toBe(4)
    }
    expect([...outcomes]).toEqual([-104, -32])
    expect(await read(here.far, 8)).toBe('herehere')
  })

  test('a descriptor that is not open, or no socket, is one, too', async () => {
    const here = await pair()
    const nowhere = { ...here, ours: 1_000_000 }
    const file = { ...here, ours: place.fd }
    expect(send([nowhere, 'a'], [file, 'b'], [here, 'c'])).toEqual([-9, -88, 1])
    expect(await read(here.far, 1)).toBe('c')
    expect(ring.broken).toBeUndefined()
  })

  test('what a thread that has ended left in it does not leave', async () => {
    const [before, after] = [await pair(), await pair()]
    const left = Buffer.allocUnsafeSlow(64).fill('left')
    ring.use(left)
    ring.add(before.ours, 0, 64)
    const next = new SendRing(place)
    next.use(memory)
    next.add(after.ours, 0, memory.write('after'))
    next.send()
    expect([next.taken(0), next.broken, await read(after.far, 5), before.far.read()]).toEqual([5, undefined, 'after', null])
    ring = new SendRing(place)
    ring.use(memory)
  })

  test('closed, nothing of it is left', () => {
    const other = makeSendRing(ROOM) as SendRingPlace
    closeSendRing(other)
    expect(() => fstatSync(other.fd)).toThrow('EBADF')
  })
})

/** A kernel that begins and ends only so many. */
class FakeKernel implements RingCalls {
  readonly queues = new Int32Array(256)
  private readonly entries = new Int32Array(ROOM * 16)
  begins = ROOM
  ends = ROOM
  fails: string | undefined = undefined
  readonly waits: number[] = []
  /** What waiting brings: an error, or one that ends. */
  wakes: string[] = []
  private readonly late: number[] = []
  readonly place: SendRingPlace = {
    fd: 9,
    queues: 1n,
    queues_bytes: 1024,
    entries: 2n,
    entries_count: ROOM,
    words: {
      submitted_head: 0,
      submitted_tail: 1,
      order: 8,
      completed_head: 2,
      completed_tail: 3,
      completed_mask: 4,
      completions: 16,
    },
  }

  constructor() {
    this.queues[4] = 2 * ROOM - 1
  }

  setup = () => 'ENOSYS'
  map = () => 'ENOSYS'
  unmap = () => {}
  addressOf = () => 0x7f00_1234_5000
  view = (address: bigint) => (address === 1n ? this.queues.buffer : this.entries.buffer)

  enter(_fd: number, submit: number, completed: number): number | string {
    if (completed > 0) return this.wait(completed)
    if (this.fails !== undefined) return this.fails
    const begun = Math.min(submit, this.begins)
    for (let i = 0; i < begun; i++) {
      const slot = this.queues[8 + (this.queues[0]++ & (ROOM - 1))]
      if (i < this.ends) this.complete(slot)
      else this.late.push(slot)
    }
    return begun
  }

  private wait(completed: number): number | string {
    this.waits.push(completed)
    const error = this.wakes.shift()!
    if (error !== '') return error
    this.complete(this.late.shift()!)
    return 0
  }

  private complete(slot: number): void {
    const at = 16 + (this.queues[3]++ & (2 * ROOM - 1)) * 4
    const entry = this.entries.subarray(slot * 16, slot * 16 + 16)
    this.queues[at] = entry[8]
    this.queues[at + 2] = entry[6]
  }

  entry(i: number): number[] {
    return [...this.entries.subarray(i * 16, i * 16 + 16)]
  }
}

describe('a kernel that does not do as it should', () => {
  function three(kernel: FakeKernel): SendRing {
    const ring = new SendRing(kernel.place, kernel)
    ring.use(Buffer.alloc(0))
    for (let i = 0; i < 3; i++) ring.add(10 + i, i * 100, i * 100 + i + 1)
    ring.send()
    return ring
  }
  const outcome = (ring: SendRing): number[] => [0, 1, 2].map((i) => ring.taken(i))

  test('one that does: the entries are what io_uring(7) wants', () => {
    const kernel = new FakeKernel()
    const ring = three(kernel)
    expect([outcome(ring), ring.broken]).toEqual([[1, 2, 3], undefined])
    expect(kernel.entry(1)).toEqual([26, 11, 0, 0, 0x1234_5064, 0x7f00, 2, 0x4040, 1, 0, 0, 0, 0, 0, 0, 0])
  })

  test('begins none: all are free to go another way', () => {
    const kernel = new FakeKernel()
    kernel.fails = 'EAGAIN'
    const ring = three(kernel)
    expect(outcome(ring)).toEqual([-1, -1, -1])
    expect(ring.broken).toBe('it began 0 of 3 sends (EAGAIN), and did not end 0 at once')
    expect(kernel.queues[1]).toBe(kernel.queues[0])
  })

  test('begins some', () => {
    const kernel = new FakeKernel()
    kernel.begins = 1
    const ring = three(kernel)
    expect([outcome(ring), ring.broken]).toEqual([[1, -1, -1], 'it began 1 of 3 sends (1), and did not end 0 at once'])
    expect(kernel.queues[1]).toBe(kernel.queues[0])
  })

  test('does not end at once what it has begun: that is waited for', () => {
    const kernel = new FakeKernel()
    kernel.ends = 1
    kernel.wakes = ['EINTR', '', '']
    const ring = three(kernel)
    expect([outcome(ring), kernel.waits]).toEqual([
      [1, 2, 3],
      [2, 2, 1],
    ])
    expect(ring.broken).toBe('it began 3 of 3 sends (3), and did not end 2 at once')
  })

  test('does not let it be waited for: nothing can go on', () => {
    const kernel = new FakeKernel()
    kernel.ends = 0
    kernel.wakes = ['EBADF']
    expect(() => three(kernel)).toThrow('io_uring: it began 3 of 3 sends (3), and did not end 3 at once; waiting for them: EBADF')
  })
})
