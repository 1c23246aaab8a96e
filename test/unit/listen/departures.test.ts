import { afterEach, describe, expect, test, vi } from 'vitest'
import type { ClientConnection } from '../../../src/flow/client.ts'
import { type Cargo, TOGETHER_MAX } from '../../../src/listen/departures.ts'
import { ResponseWriter, Scratch, SCRATCH_BYTES } from '../../../src/listen/response-writer.ts'
import type { SendRing } from '../../../src/shm/send-ring.ts'
import type { Transport } from '../../../src/listen/transport.ts'
import { randomFrom } from '../../fuzz/generate.ts'
import { type Front, READ_PATHS, startFront } from './front.ts'

/** A socket whose kernel takes everything, or holds on to what it is given. */
class Pipe {
  readonly pieces: Buffer[] = []
  takes = true
  destroyed = false
  free_fd = 1
  /** By whatever way. */
  received = ''

  get flushed(): boolean {
    return this.takes || this.pieces.length === 0
  }

  write(piece: Buffer): void {
    // What is taken may be written over at once; what is not must stay as it is.
    this.pieces.push(this.takes ? Buffer.from(piece) : piece)
    this.received += piece.toString('latin1')
  }

  writev(pieces: Buffer[]): void {
    for (const piece of pieces) this.write(piece)
  }

  get texts(): string[] {
    return this.pieces.map((piece) => piece.toString('latin1'))
  }
}

const scratch = new Scratch()
/** So many fit, with little room left. */
const LONG = 15_000
const LONG_MAX = Math.floor(SCRATCH_BYTES / LONG)
/** Of who departs without an answer. */
const NOTHING: Cargo = { stage: () => false, staged: () => {} }

function writer(shared: Scratch = scratch, fd = 1) {
  const pipe = new Pipe()
  pipe.free_fd = fd
  const out = new ResponseWriter(pipe as unknown as Transport, shared)
  return { pipe, out, shared, depart: (): void => out.flush() }
}

/** An answer that is complete: it waits for the end of the turn. */
function answer(one: ReturnType<typeof writer>, text: string): boolean {
  one.out.deferring = true
  one.out.respond(text, undefined)
  one.out.deferring = false
  const sealed = one.out.seal()
  if (sealed) one.shared.departures.add(one, one.out)
  else one.depart()
  return sealed
}

function turn(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve))
}

test('complete answers leave at the end of the turn, each to its own client', async () => {
  const [a, b] = [writer(), writer()]
  answer(a, 'to a')
  answer(b, 'to b')
  expect([a.pipe.texts, b.pipe.texts, a.out.flushed, a.out.taken]).toEqual([[], [], false, true])
  await turn()
  expect([a.pipe.texts, b.pipe.texts, a.out.flushed]).toEqual([['to a'], ['to b'], true])
})

test('a second one in the same turn is not put before the first', async () => {
  const a = writer()
  expect([answer(a, 'one'), answer(a, 'two')]).toEqual([true, false])
  expect(a.pipe.texts).toEqual(['one', 'two'])
  await turn()
  expect(a.pipe.texts).toEqual(['one', 'two'])
})

test('what is sent at once comes behind what waits', () => {
  const a = writer()
  answer(a, 'one')
  a.out.respond('', Buffer.alloc(20_000, 'x'))
  expect(a.pipe.texts.map((text) => text.slice(0, 3))).toEqual(['one', 'xxx'])
})

test('a full buffer is emptied in between', async () => {
  const all = Array.from({ length: LONG_MAX + 2 }, () => writer())
  const textOf = (i: number): string => String.fromCharCode(65 + i).repeat(LONG)
  for (const [i, one] of all.entries()) answer(one, textOf(i))
  expect(all.filter(({ pipe }) => pipe.texts.length > 0).length).toBe(LONG_MAX)
  await turn()
  expect(all.map(({ pipe }) => pipe.texts)).toEqual(all.map((_, i) => [textOf(i)]))
})

test('so is a turn of many', () => {
  const all = Array.from({ length: 2 * TOGETHER_MAX + 8 }, () => writer())
  for (const [i, one] of all.entries()) answer(one, `to ${i}`)
  expect(all.filter(({ pipe }) => pipe.texts.length === 1).length).toBe(2 * TOGETHER_MAX)
  scratch.departures.leave()
  expect(all.map(({ pipe }) => pipe.texts)).toEqual(all.map((_, i) => [`to ${i}`]))
})

test('turns with one answer bring it ever more rarely to wait, one with two brings it back', async () => {
  const { departures } = new Scratch()
  const turnOf = async (count: number): Promise<number> => {
    let alone = 0
    for (; !departures.ask(); alone++);
    for (let i = 0; i < count; i++) departures.add({ depart: () => {} }, NOTHING)
    await turn()
    return alone
  }
  const rested: number[] = []
  for (const count of [1, 1, 1, 1, 1, 1, 1, 2, 1, 2, 2]) rested.push(await turnOf(count))
  expect(rested).toEqual([0, 1, 2, 4, 8, 16, 16, 16, 0, 1, 0])
})

test.each([1, TOGETHER_MAX, TOGETHER_MAX + 4])('who answers while %i others depart is not forgotten', async (count) => {
  const late = writer()
  const last = writer()
  const all = Array.from({ length: count }, () => writer())
  for (const [i, one] of all.entries()) {
    answer(one, `to ${i}`)
    // With its own departure it gives somebody an answer.
    if (i === 0) scratch.departures.add({ depart: () => void answer(late, 'late') }, NOTHING)
  }
  await turn()
  answer(last, 'last')
  await turn()
  expect(all.map(({ pipe }) => pipe.texts)).toEqual(all.map((_, i) => [`to ${i}`]))
  expect([late.pipe.texts, last.pipe.texts]).toEqual([['late'], ['last']])
})

test('who is given an answer while a full buffer is emptied keeps it to himself', () => {
  const [late, next] = [writer(), writer()]
  const all = Array.from({ length: LONG_MAX }, () => writer())
  for (const [i, one] of all.entries()) answer(one, String(i).repeat(LONG))
  const given = (): void => {
    late.out.deferring = true
    late.out.respond('late', undefined)
  }
  scratch.departures.add({ depart: given }, NOTHING)
  answer(next, 'n'.repeat(LONG))
  late.depart()
  scratch.departures.leave()
  expect([late.pipe.texts, next.pipe.texts]).toEqual([['late'], ['n'.repeat(LONG)]])
  expect(all.map(({ pipe }) => pipe.texts)).toEqual(all.map((_, i) => [String(i).repeat(LONG)]))
})

test('what the kernel does not take keeps its memory, and so do others that wait there', async () => {
  const [slow, next] = [writer(), writer()]
  slow.pipe.takes = false
  answer(slow, 'to who is slow')
  answer(next, 'to the next')
  // By itself, before the turn ends.
  slow.depart()
  const later = writer()
  answer(later, 'L'.repeat(40))
  await turn()
  answer(later, 'M'.repeat(40))
  await turn()
  expect([slow.pipe.texts, next.pipe.texts]).toEqual([['to who is slow'], ['to the next']])
  expect(later.pipe.texts).toEqual(['L'.repeat(40), 'M'.repeat(40)])
})

test('who is in the middle of a pipeline when another does not get rid of his answer loses nothing', async () => {
  const [slow, busy] = [writer(), writer()]
  slow.pipe.takes = false
  answer(slow, 'to who is slow')
  busy.out.deferring = true
  busy.out.respond('one ', undefined)
  slow.depart()
  busy.out.respond('two', undefined)
  busy.out.deferring = false
  busy.depart()
  await turn()
  expect([slow.pipe.texts.join(''), busy.pipe.texts.join('')]).toEqual(['to who is slow', 'one two'])
})

/** As the kernel: it takes of each answer what `takes` says, and tells what it was given. */
class FakeRing {
  broken: string | undefined = undefined
  readonly given: string[] = []
  takes = (bytes: number): number => bytes
  private readonly sockets = new Map<number, Pipe>()
  private readonly added: { fd: number; text: string }[] = []
  private sent: number[] = []
  private memory: Buffer | undefined = undefined

  join(one: ReturnType<typeof writer>): ReturnType<typeof writer> {
    this.sockets.set(one.pipe.free_fd, one.pipe)
    return one
  }

  use(memory: Buffer): void {
    this.memory = memory
  }

  holds(memory: Buffer): boolean {
    return memory === this.memory
  }

  add(fd: number, from: number, to: number): void {
    this.added.push({ fd, text: this.memory!.toString('latin1', from, to) })
  }

  send(): void {
    this.given.push(this.added.map(({ fd, text }) => `${fd}: ${text}`).join(', '))
    this.sent = this.added.splice(0).map(({ fd, text }) => {
      const taken = this.takes(text.length)
      if (taken > 0) this.sockets.get(fd)!.received += text.slice(0, taken)
      return taken
    })
  }

  taken(i: number): number {
    return this.sent[i]
  }
}

describe('by a ring', () => {
  function three(takes?: (bytes: number) => number) {
    const ring = new FakeRing()
    if (takes !== undefined) ring.takes = takes
    const shared = new Scratch(ring as unknown as SendRing)
    const all = [1, 2, 3].map((fd) => ring.join(writer(shared, fd)))
    return { ring, shared, all, texts: () => all.map(({ pipe }) => pipe.texts) }
  }

  test('who departs together is given to it together, and to nobody twice', async () => {
    const { ring, all, texts } = three()
    for (const [i, one] of all.entries()) answer(one, `to ${i}`)
    await turn()
    expect([ring.given, texts()]).toEqual([['1: to 0, 2: to 1, 3: to 2'], [[], [], []]])
    expect(all.map(({ out }) => out.flushed)).toEqual([true, true, true])
  })

  test('what it does not take goes the usual way, from where it stopped', async () => {
    const takes = [4, 2, -11]
    const { all, texts } = three(() => takes.shift()!)
    for (const [i, one] of all.entries()) answer(one, `to ${i}`)
    await turn()
    expect(texts()).toEqual([[], [' 1'], ['to 2']])
  })

  test('one by himself does without it', async () => {
    const { ring, all, texts } = three()
    answer(all[0], 'to 0')
    await turn()
    expect([ring.given, texts()]).toEqual([[], [['to 0'], [], []]])
  })

  test('so does who has something on its way, has left, or is no bare socket', async () => {
    const { ring, all, texts } = three()
    for (const [i, one] of all.entries()) answer(one, `to ${i}`)
    all[1].pipe.free_fd = -1
    await turn()
    expect([ring.given, texts()]).toEqual([['1: to 0, 3: to 2'], [[], ['to 1'], []]])
  })

  test('who has an answer, sends it, and has another in the same turn is given to it once', async () => {
    const { ring, all } = three()
    expect([answer(all[0], 'one '), answer(all[0], 'two '), answer(all[0], 'three ')]).toEqual([true, false, true])
    answer(all[1], 'to 1')
    await turn()
    expect(ring.given).toEqual(['1: three , 2: to 1'])
    expect(all.map(({ pipe }) => pipe.received)).toEqual(['one two three ', 'to 1', ''])
  })

  test.each(Array.from({ length: 200 }, (_, seed) => seed))(
    'each gets what is his once and in order, whatever happens in a turn: %i',
    (seed) => {
      const random = randomFrom(seed)
      const below = (n: number): number => Math.floor(random() * n)
      const { ring, shared } = three((bytes) => [bytes, bytes, bytes, below(bytes), -11][below(5)])
      const all = Array.from({ length: 1 + below(2 * TOGETHER_MAX) }, (_, i) => ring.join(writer(shared, below(8) === 0 ? -1 : i)))
      const told = all.map(() => '')
      const busy = new Set<number>()
      const say = (i: number): void => {
        const text = `${i}.${told[i].length}${'x'.repeat(below(10) === 0 ? 12_000 : below(30))};`
        // A connection answers one request after the other.
        if (busy.has(i)) return
        busy.add(i)
        told[i] += text
        answer(all[i], text)
        busy.delete(i)
      }
      for (const one of all) {
        const { depart } = one
        one.depart = () => {
          depart()
          // With its departure it gives others an answer, or itself the next.
          if (below(3) === 0) for (let n = below(4); n > 0; n--) say(below(all.length))
        }
      }
      for (let step = 0; step < 3 * TOGETHER_MAX; step++) {
        if (below(40) === 0) shared.departures.leave()
        else say(below(all.length))
      }
      for (const one of all) one.depart = () => one.out.flush()
      shared.departures.leave()
      shared.departures.leave()
      expect(all.map(({ pipe }) => pipe.received)).toEqual(told)
    },
  )

  test('nothing is given to one that is broken', async () => {
    const { ring, all, texts } = three()
    ring.broken = 'it is'
    for (const [i, one] of all.entries()) answer(one, `to ${i}`)
    await turn()
    expect([ring.given, texts()]).toEqual([[], [['to 0'], ['to 1'], ['to 2']]])
  })

  test('with a new buffer it goes on in that, and what waits in the old one is not forgotten', async () => {
    const { ring, shared, all, texts } = three()
    answer(all[0], 'to 0')
    answer(all[1], 'to 1')
    shared.renew()
    answer(all[2], 'to 2')
    answer(all[1], 'and 1')
    await turn()
    expect([ring.given, texts()]).toEqual([['3: to 2'], [['to 0'], ['to 1', 'and 1'], []]])
  })
})

describe.each(READ_PATHS)('by %s', (path) => {
  let front: Front
  afterEach(async () => void (await front.listener.drain(0)))

  const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'
  const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'

  test('a shutdown between an answer and its departure does not take it away', async () => {
    front = await startFront({
      path,
      flow: (c) => {
        c.respond(OK, undefined)
        process.nextTick(() => void front.listener.drain(60_000))
      },
    })
    const client = front.connect()
    client.send(GET)
    expect(await client.readToEnd()).toBe(OK)
    expect(front.closings).toEqual(['SHUTDOWN'])
  })

  test('a client that has half-closed behind its request gets its answer', async () => {
    front = await startFront({ path, flow: (c) => void c.respond(OK, undefined) })
    const client = front.connect()
    client.send(GET)
    client.socket.end()
    expect(await client.readToEnd()).toBe(OK)
    expect(front.closings).toEqual(['REM_CLOSE'])
  })

  test('answers that come in one turn leave together, also when their requests came long before', async () => {
    const waiting: ClientConnection[] = []
    front = await startFront({
      path,
      flow: (c) => {
        waiting.push(c)
        front.note('asked')
      },
    })
    const clients = [front.connect(), front.connect()]
    for (const client of clients) client.send(GET)
    await front.until('asked', 2)
    await turn()
    const added = vi.spyOn(front.context.scratch.departures, 'add')
    for (const c of waiting) process.nextTick(() => c.respond(OK, undefined))
    await turn()
    expect(added).toHaveBeenCalledTimes(2)
    for (const client of clients) expect(await client.read('ok')).toBe(OK)
    // And whoever asks again is answered again.
    clients[0].send(GET)
    await front.until('asked', 3)
    waiting[2].respond(OK, undefined)
    expect(await clients[0].read('ok')).toBe(OK)
  })

  test('many at once get what is theirs', async () => {
    front = await startFront({
      path,
      flow: (c) => void c.respond(`HTTP/1.1 200 OK\r\nContent-Length: ${c.req.url.length}\r\n\r\n${c.req.url}`, undefined),
    })
    const clients = Array.from({ length: TOGETHER_MAX + 6 }, () => front.connect())
    for (let round = 0; round < 4; round++) {
      for (const [i, client] of clients.entries()) client.send(`GET /${round}/${i}.${'y'.repeat(1000)}end HTTP/1.1\r\nHost: a\r\n\r\n`)
      const texts = await Promise.all(clients.map((client) => client.read('end')))
      expect(texts.map((text) => /\/\d+\/\d+/.exec(text)?.[0])).toEqual(clients.map((_, i) => `/${round}/${i}`))
    }
  })
})
