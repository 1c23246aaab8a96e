import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { connect, type AddressInfo, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { type Crew, newCrew } from '../../kit/crew.ts'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

/** Clients who come while a worker is being replaced: real threads, real sockets, and every byte is looked at. */

const KEYS = 40

let origin: Server
let crew: Crew
let folder: string
const visitors: Visitor[] = []

function bodyOf(key: number): string {
  return `${key} `.repeat(1 + key * 50)
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'lacquer-queues-'))
  origin = createServer((request, response) => {
    response.setHeader('Cache-Control', 'max-age=1000').end(bodyOf(Number(request.url?.slice(1))))
  })
  await new Promise<void>((resolve) => origin.listen(0, '127.0.0.1', resolve))
})

afterEach(async () => {
  crew.held = false
  for (const visitor of visitors.splice(0)) visitor.leave()
  await crew.close()
  origin.closeAllConnections()
  origin.close()
  rmSync(folder, { recursive: true })
})

type Kind = 'tcp' | 'unix'

async function start(workers: number, kind: Kind): Promise<void> {
  const { port } = origin.address() as AddressInfo
  crew = await newCrew(workers, `-a ${kind === 'unix' ? join(folder, 's') : '127.0.0.1:0'} -b 127.0.0.1:${port}`).start()
}

/** One connection, one request. */
class Visitor {
  /** The kernel has taken him in: somebody accepts him, or will. */
  connected = false
  end: 'right' | 'wrong' | 'cut' | 'reset' | 'refused' | undefined
  private readonly socket: Socket
  private text = ''

  constructor(key: number, then: (visitor: Visitor) => void = () => {}) {
    const { path, port } = crew.endpoints[0]
    this.socket = connect(path === undefined ? { port, host: '127.0.0.1' } : { path })
    this.socket.setEncoding('latin1')
    this.socket.on('connect', () => {
      this.connected = true
      this.socket.write(`GET /${key} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`)
    })
    this.socket.on('data', (chunk) => (this.text += String(chunk)))
    this.socket.on('error', () => {})
    this.socket.on('close', () => {
      this.end = this.outcome(key)
      then(this)
    })
    visitors.push(this)
  }

  leave(): void {
    this.socket.destroy()
  }

  private outcome(key: number): Visitor['end'] {
    if (!this.connected) return 'refused'
    if (this.text === '') return 'reset'
    const head = this.text.indexOf('\r\n\r\n') + 4
    if (head < 4 || this.text.length < head + bodyOf(key).length) return 'cut'
    return this.text.startsWith('HTTP/1.1 200 ') && this.text.slice(head) === bodyOf(key) ? 'right' : 'wrong'
  }
}

/** So many at once. */
const come = (count: number): Visitor[] => Array.from({ length: count }, (_, i) => new Visitor(i % KEYS))
const ended = (some: readonly Visitor[]): boolean => some.every(({ end }) => end !== undefined)
const outcomes = (some: readonly Visitor[]): Record<string, number> => {
  const counts: Record<string, number> = {}
  for (const { end } of some) counts[String(end)] = (counts[String(end)] ?? 0) + 1
  return counts
}

/** The first worker dies, and its place stays empty until `crew.held` is taken back. */
async function die(): Promise<void> {
  const deaths = crew.buried.length
  crew.held = true
  await crew.kill(0)
  await crew.until('the manager knows', () => crew.buried.length > deaths)
}

const descriptors = (): number => readdirSync('/proc/self/fd').length

const KINDS: readonly (readonly [number, Kind])[] = [
  [1, 'tcp'],
  [1, 'unix'],
  [2, 'tcp'],
  [2, 'unix'],
]

describe.each(KINDS)('with %i workers, over %s', (workers, kind) => {
  test('under load: none is refused, each is accepted by somebody, and lost is only who was the dying one’s', async () => {
    await start(workers, kind)
    let coming = true
    let next = 0
    const follow = (): void => void (coming && new Visitor(next++ % KEYS, follow))
    for (let i = 0; i < 16; i++) follow()
    const answered = (): number => visitors.filter(({ end }) => end === 'right').length
    for (let death = 1; death <= 2; death++) {
      const before = answered()
      await crew.until('there is load', () => answered() > before + 100)
      crew.workers.panic()
      await crew.replaced(death)
    }
    coming = false
    await crew.until('all have been served', () => ended(visitors))
    const { right, ...others } = outcomes(visitors)
    const lost = (others['reset'] ?? 0) + (others['cut'] ?? 0)
    // At most all that were there at each death.
    expect([others['refused'], others['wrong'], lost <= 2 * 16], crew.state()).toEqual([undefined, undefined, true])
    expect(right + lost).toBe(visitors.length)
    // Nobody has been reset who still waited in a queue.
    expect(crew.counts()['MAIN.sess_conn'], crew.state()).toBe(visitors.length)
  })

  test('who comes while it is away waits, and is served by the next one', async () => {
    await start(workers, kind)
    await die()
    const some = come(24)
    await crew.until('all are connected', () => some.every(({ connected }) => connected))
    // Another worker has its own part of those over TCP; a unix socket is one worker’s.
    const waiting = (): number => some.filter(({ end }) => end === undefined).length
    if (workers === 1 || kind === 'unix') expect(waiting()).toBe(24)
    else await crew.until('the other has served its part', () => waiting() > 0 && crew.count(1, 'sess_conn') + waiting() === 24)
    crew.held = false
    await crew.until('all are served', () => ended(some))
    expect(outcomes(some)).toEqual({ right: 24 })
    await crew.replaced(1)
  })
})

/** Some seconds are five of the clock: one way must do. */
test('one that does not come back is waited for in vain for some seconds, and then not', async () => {
  await start(1, 'unix')
  const before = descriptors()
  await die()
  const some = come(8)
  await crew.until('all are connected', () => some.every(({ connected }) => connected))
  await crew.until('they are let go', () => ended(some))
  expect(outcomes(some)).toEqual({ reset: 8 })
  expect(crew.operations.heard.at(-1)).toBe('worker 0 could not be started again: held back; who waits to be served by it is refused')
  const late = new Visitor(1)
  await crew.until('another is told', () => ended([late]))
  expect(late.end).toBe('refused')
  crew.held = false
  await crew.replaced(1)
  const last = come(8)
  await crew.until('all are served', () => ended(last))
  expect(outcomes(last)).toEqual({ right: 8 })
  // Each attempt had its own descriptor.
  await crew.until('none is left over', () => descriptors() <= before)
})

test.each([KINDS[0], KINDS[3]])(
  'with %i workers, over %s: stopped while one is away, nobody waits; started again, all are served',
  async (workers, kind) => {
    await start(workers, kind)
    const before = descriptors()
    await die()
    const some = come(24)
    await crew.until('all are connected', () => some.every(({ connected }) => connected))
    await crew.close()
    await crew.until('nobody waits', () => ended(some))
    const { reset, ...others } = outcomes(some)
    if (workers === 1 || kind === 'unix') expect([reset, others]).toEqual([24, {}])
    else expect([reset > 0, others['refused'], others['wrong']]).toEqual([true, undefined, undefined])
    const late = new Visitor(1)
    await crew.until('another is told', () => ended([late]))
    expect(late.end).toBe('refused')
    if (kind === 'unix') expect(existsSync(join(folder, 's'))).toBe(false)
    crew.held = false
    await crew.again()
    const last = come(24)
    await crew.until('all are served', () => ended(last))
    expect(outcomes(last)).toEqual({ right: 24 })
    await crew.until('no descriptor is left over', () => descriptors() <= before)
  },
)
