import type { Socket } from 'node:net'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { ManualClock } from '../../../src/base/clock.ts'
import { Deadlines } from '../../../src/origin/deadlines.ts'
import type { Timed } from '../../../src/origin/deadlines.ts'
import { Dialler } from '../../../src/origin/dial.ts'
import type { FailureError } from '../../../src/origin/failure.ts'
import { bodyOf, get, Heard, PATIENT, RawOrigin, rig, specOf } from './kit.ts'

class Watched implements Timed {
  deadline_ms = Infinity
  slot = -1
  expired = 0
  private readonly deadlines: Deadlines

  constructor(deadlines: Deadlines) {
    this.deadlines = deadlines
    deadlines.add(this)
  }

  expire(): void {
    this.expired++
    this.deadlines.remove(this)
  }
}

describe('deadlines', () => {
  test('expire in one sweep, each once, and tell when the next is due', () => {
    const clock = new ManualClock()
    const deadlines = new Deadlines(clock)
    const watched = [300, 100, 200, 100].map((delay_ms) => {
      const one = new Watched(deadlines)
      deadlines.set(one, delay_ms)
      return one
    })
    const expired = (): number[] => watched.map((one) => one.expired)
    clock.advance(99)
    expect([deadlines.sweep(), expired()]).toEqual([100, [0, 0, 0, 0]])
    clock.advance(1)
    expect([deadlines.sweep(), expired()]).toEqual([200, [0, 1, 0, 1]])
    clock.advance(500)
    expect([deadlines.sweep(), expired()]).toEqual([Infinity, [1, 1, 1, 1]])
    expect(deadlines.size).toBe(0)
    deadlines.stop()
  })

  test('a deadline that was moved on is not due', () => {
    const clock = new ManualClock()
    const deadlines = new Deadlines(clock)
    const one = new Watched(deadlines)
    deadlines.set(one, 100)
    one.deadline_ms = 1000
    clock.advance(500)
    expect([deadlines.sweep(), one.expired]).toEqual([1000, 0])
    deadlines.stop()
  })

  test('removal keeps the others, twice is once', () => {
    const clock = new ManualClock()
    const deadlines = new Deadlines(clock)
    const [a, b, c] = [new Watched(deadlines), new Watched(deadlines), new Watched(deadlines)]
    for (const one of [a, b, c]) deadlines.set(one, 10)
    deadlines.remove(a)
    deadlines.remove(a)
    clock.advance(10)
    deadlines.sweep()
    expect([a.expired, b.expired, c.expired]).toEqual([0, 1, 1])
    deadlines.stop()
  })
})

/** A busy machine may be late by seconds. */
const PATIENCE = { timeout: 15_000 }

/** 16 MiB, more than sockets hold. */
const PIECES = Array.from({ length: 256 }, () => 'x'.repeat(65_536))

/** Time passes, and nobody reads it. */
class LateClock extends ManualClock {
  real_ms = 0
  readings = 0

  override refresh(): void {
    this.readings++
    this.mono_ms = this.real_ms
  }
}

// Short real times: these go through a socket and a timer.
const closing: { close(): void | Promise<void> }[] = []
afterEach(async () => {
  for (const one of closing.splice(0)) await one.close()
})

async function hear(answer: ConstructorParameters<typeof RawOrigin>[0], timeouts: Partial<typeof PATIENT>, spec = {}) {
  const origin = new RawOrigin(answer)
  const cache = rig([specOf(await origin.listen(), spec)])
  closing.push(origin, cache.origin)
  const heard = new Heard()
  const began = performance.now()
  cache.origin.fetch(cache.origin.backend('default')!, get(), undefined, { ...PATIENT, ...timeouts }, heard)
  await heard.finished
  return { events: heard.events, took_ms: performance.now() - began }
}

describe('timeouts', () => {
  test.each([
    ['first byte', () => {}, { first_byte_ms: 60 }, {}, ['error first_byte_timeout']],
    ['first byte, the head begun', (s) => s.write('HTTP/1.1 200 '), { first_byte_ms: 60 }, {}, ['error first_byte_timeout']],
    [
      'first byte, interim responses only',
      (s) => s.write('HTTP/1.1 102 P\r\n\r\n'),
      { first_byte_ms: 60 },
      {},
      ['102', 'error first_byte_timeout'],
    ],
    [
      'between bytes',
      (s) => s.write('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello'),
      { between_bytes_ms: 60 },
      {},
      ['head 200 9', 'error between_bytes_timeout'],
    ],
    ['connect, in the TLS handshake', () => {}, { connect_ms: 60 }, { tls: true }, ['error connect_timeout']],
  ] as [string, ConstructorParameters<typeof RawOrigin>[0], Partial<typeof PATIENT>, object, string[]][])(
    '%s',
    async (_name, answer, timeouts, spec, events) => {
      const heard = await hear(answer, timeouts, spec)
      expect(heard.events).toEqual(events)
      expect(heard.took_ms).toBeGreaterThan(55)
      // Not another's: those are PATIENT's five seconds.
      expect(heard.took_ms).toBeLessThan(4000)
    },
  )

  test('the time a paused reader takes is not the origin’s', async () => {
    const origin = new RawOrigin((socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello'))
    const cache = rig([specOf(await origin.listen())])
    closing.push(origin, cache.origin)
    const heard = new Heard()
    const witness = new Heard()
    heard.onHead = () => call.pause()
    const timeouts = { ...PATIENT, between_bytes_ms: 50 }
    const call = cache.origin.fetch(cache.origin.backend('default')!, get(), undefined, timeouts, heard)
    // Another fetch with the same timeout, begun later, shows that the time has passed.
    cache.origin.fetch(cache.origin.backend('default')!, get(), undefined, timeouts, witness)
    await witness.finished
    expect(witness.events.at(-1)).toBe('error between_bytes_timeout')
    expect(heard.events).toEqual([])
    call.resume()
    await heard.finished
    expect(heard.events).toEqual(['error between_bytes_timeout'])
  })

  test('the time a client takes for its body is not the origin’s', async () => {
    const uploads: Socket[] = []
    const origin = new RawOrigin((socket, text) => text.startsWith('POST') && uploads.push(socket))
    const cache = rig([specOf(await origin.listen())])
    closing.push(origin, cache.origin)
    const slow = new Heard()
    const witness = new Heard()
    const timeouts = { ...PATIENT, first_byte_ms: 50 }
    const backend = cache.origin.backend('default')!
    cache.origin.fetch(backend, get('/', 'POST'), bodyOf(10, ['hello'], 'wait'), timeouts, slow)
    cache.origin.fetch(backend, get(), undefined, timeouts, witness)
    await witness.finished
    expect(witness.events).toEqual(['error first_byte_timeout'])
    uploads[0].write('HTTP/1.1 200 OK\r\n\r\n')
    await slow.headed
    expect(slow.events).toEqual(['head 200 -1'])
  })

  test('first_byte_timeout does not run while an origin takes a request body slowly', async () => {
    let upload: Socket | undefined
    const origin = new RawOrigin((socket, text) => {
      if (text.startsWith('POST')) upload = socket.pause()
    })
    const cache = rig([specOf(await origin.listen())])
    closing.push(origin, cache.origin)
    const slow = new Heard()
    const witness = new Heard()
    const timeouts = { ...PATIENT, first_byte_ms: 50 }
    const backend = cache.origin.backend('default')!
    const call = cache.origin.fetch(backend, get('/', 'POST'), bodyOf(PIECES.length * 65_536, PIECES), timeouts, slow)
    await vi.waitUntil(() => upload !== undefined, PATIENCE)
    cache.origin.fetch(backend, get(), undefined, timeouts, witness)
    await witness.finished
    expect(slow.events).toEqual([])
    call.abort()
  })

  test('an origin that takes nothing more of a request body has between_bytes_timeout', async () => {
    const origin = new RawOrigin((socket) => socket.pause())
    const cache = rig([specOf(await origin.listen())])
    closing.push(origin, cache.origin)
    const heard = new Heard()
    const timeouts = { ...PATIENT, between_bytes_ms: 60 }
    cache.origin.fetch(cache.origin.backend('default')!, get('/', 'POST'), bodyOf(PIECES.length * 65_536, PIECES), timeouts, heard)
    await heard.finished
    expect(heard.failure).toEqual({ kind: 'between_bytes_timeout', message: expect.stringContaining('does not take the request body') })
  })

  test('first_byte_timeout counts from the time the end of the body was sent, whenever the clock was read last', async () => {
    const clock = new LateClock()
    const uploads: Socket[] = []
    const origin = new RawOrigin((socket) => uploads.push(socket))
    const cache = rig([specOf(await origin.listen())], { clock })
    closing.push(origin, cache.origin)
    const heard = new Heard()
    const body = bodyOf(5, ['hello'])
    const call = cache.origin.fetch(cache.origin.backend('default')!, get('/', 'POST'), body, { ...PATIENT, first_byte_ms: 20 }, heard)
    clock.real_ms = 10_000
    await vi.waitUntil(() => uploads.length > 0 && clock.readings > 3, PATIENCE)
    expect(heard.events).toEqual([])
    call.abort()
  })

  test('a name server that does not answer is within connect_timeout', async () => {
    const dialler = new Dialler(specOf(80, { host: 'slow.test' }), { lookup: () => {}, tls_verify: true, tls_ca: undefined })
    const failure = await new Promise<FailureError | undefined>((resolve) => dialler.dial(50, undefined, resolve))
    expect(failure!.kind).toBe('connect_timeout')
    expect(failure!.message).toContain('slow.test:80')
  })
})
