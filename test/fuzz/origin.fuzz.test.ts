/**
 * Origins that say anything, flows that pause, abort and throw at any moment: each fetch ends exactly once, nothing is left
 * over, and nothing escapes (an error outside of any handler fails the run; undici had such a one). LACQUER_FUZZ_ROUNDS and LACQUER_FUZZ_SEED for more.
 */
import type { Socket } from 'node:net'
import { expect, test } from 'vitest'
import type { OriginCall, OriginHandler, OutgoingBody } from '../../src/origin/contract.ts'
import { get, RawOrigin, rig, specOf } from '../unit/origin/kit.ts'
import type { Rig } from '../unit/origin/kit.ts'
import { randomFrom } from './generate.ts'

const ROUNDS = Number(process.env['LACQUER_FUZZ_ROUNDS'] ?? 2000)
const SEED = Number(process.env['LACQUER_FUZZ_SEED'] ?? 20261123)
const AT_ONCE = 50
const TIMEOUTS = { connect_ms: 500, first_byte_ms: 30, between_bytes_ms: 30 }

const OK = 'HTTP/1.1 200 OK\r\n'
const PIECES = [
  OK,
  'HTTP/1.0 200 OK\r\n',
  'HTTP/1.1 100 Continue\r\n\r\n',
  'HTTP/1.1 103 Hints\r\n\r\n',
  'HTTP/1.1 304 X\r\n\r\n',
  'HTTP/1.1 204 X\r\n\r\n',
  'Content-Length: 5\r\n',
  'Content-Length: 100\r\n',
  'Transfer-Encoding: chunked\r\n',
  'Connection: close\r\n',
  'Keep-Alive: timeout=1\r\n',
  '\r\n',
  'hello',
  '5\r\nhello\r\n',
  '0\r\n\r\n',
  '0\r\n',
  'garbage\0',
  ' fold\r\n',
  'x'.repeat(70_000),
]
const WHOLE = [
  `${OK}Content-Length: 5\r\n\r\nhello`,
  `${OK}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n`,
  `${OK}\r\nhello`,
  `${OK}Content-Length: 200000\r\n\r\n${'y'.repeat(200_000)}`,
]

const random = randomFrom(SEED)
const below = (n: number): number => Math.floor(random() * n)
const oneOf = <T>(list: readonly T[]): T => list[below(list.length)]

function say(socket: Socket): void {
  let left = 1 + below(6)
  const step = (): void => {
    if (socket.destroyed) return
    if (left-- > 0) {
      socket.write(below(3) === 0 ? oneOf(WHOLE) : oneOf(PIECES), 'latin1')
      return below(2) === 0 ? step() : void setImmediate(step)
    }
    const end = below(4)
    if (end === 0) socket.end()
    if (end === 1) socket.resetAndDestroy()
  }
  if (below(2) === 0) socket.write(oneOf(WHOLE))
  else step()
}

/** After some turns of the event loop, so that a FIN may come while the flow is paused. */
function later(turns: number, what: () => void): void {
  if (turns === 0) what()
  else setImmediate(() => later(turns - 1, what))
}

function body(): OutgoingBody {
  const manner = below(4)
  return {
    length_bytes: below(2) === 0 ? -1 : 10,
    start: (sink) => {
      const send = (): void => {
        sink.onData(Buffer.from('hello'))
        sink.onData(Buffer.from('hello'))
        sink.onEnd()
      }
      if (manner === 0) send()
      else if (manner === 1) setImmediate(send)
      else if (manner === 2) sink.onError(new Error('at once'))
      else setImmediate(() => sink.onError(new Error('late')))
    },
    pause: () => {},
    resume: () => {},
  }
}

/** One fetch with a capricious flow; resolves when it has ended, with what was wrong about it. */
function one(cache: Rig, complaints: string[]): Promise<void> {
  return new Promise((resolve) => {
    const method = oneOf(['GET', 'GET', 'HEAD', 'POST', 'DELETE'])
    let call: OriginCall | undefined
    let ended = ''
    const end = (how: string): void => {
      if (ended !== '') complaints.push(`${ended}, then ${how}`)
      ended = how
      resolve()
    }
    const act = (event: string): void => {
      if (ended !== '') complaints.push(`${ended}, then ${event}`)
      const deed = below(24)
      if (call === undefined || deed > 3) return
      if (deed === 0) throw new Error('a bug in the flow')
      if (deed === 1) {
        call.abort()
        return end('abort')
      }
      call.pause()
      later(below(20), () => call!.resume())
    }
    const handler: OriginHandler = {
      onInformational: () => act('1xx'),
      onHead: () => act('head'),
      onData: () => act('data'),
      onEnd: () => end('end'),
      onError: ({ kind }) => end(kind),
    }
    const url = below(20) === 0 ? '*' : '/'
    call = cache.origin.fetch(cache.origin.backend('default')!, get(url, method), method === 'POST' ? body() : undefined, TIMEOUTS, handler)
    if (below(15) > 0) return
    call.abort()
    if (ended === '') end('abort at once')
  })
}

test.each([
  ['any number of connections', 0],
  ['20 connections at most', 20],
])(
  'each fetch ends once, with %s',
  async (_name, max_connections) => {
    const origin = new RawOrigin(say)
    let [begun, running] = [0, 0]
    const observer = { count: () => {}, running: (change: 1 | -1) => void ((running += change), (begun += change > 0 ? 1 : 0)) }
    const cache = rig([specOf(await origin.listen(), { max_connections })], { observe: () => observer })
    const complaints: string[] = []
    for (let round = 0; round < ROUNDS; round += AT_ONCE) {
      await Promise.all(Array.from({ length: AT_ONCE }, () => one(cache, complaints)))
    }
    expect(complaints).toEqual([])
    await cache.origin.close()
    expect(begun).toBeGreaterThan(0)
    expect(running).toBe(0)
    origin.close()
  },
  60_000,
)
