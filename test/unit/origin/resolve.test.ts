import type { LookupAddress, RecordWithTtl } from 'node:dns'
import { afterEach, describe, expect, test } from 'vitest'
import { ManualClock } from '../../../src/base/clock.ts'
import { Resolver } from '../../../src/origin/resolve.ts'
import type { Keep, Lookup, NameSources } from '../../../src/origin/resolve.ts'
import { ask as fetch, closeAll, closing, OK } from './calls.ts'
import { RawOrigin, rig, specOf } from './kit.ts'

afterEach(closeAll)

const V4 = { address: '192.0.2.1', family: 4 }
const V4B = { address: '192.0.2.2', family: 4 }
const V4C = { address: '192.0.2.3', family: 4 }
const V6 = { address: '2001:db8::1', family: 6 }

function failure(code: string): Error {
  return Object.assign(new Error(`getaddrinfo ${code} a.test`), { code, syscall: 'getaddrinfo' })
}
const NOT_FOUND = failure('ENOTFOUND')
const NONE: LookupAddress[] = []

/** A name server that answers when told. */
function server(keep?: Keep) {
  const asked: { host: string; order: string; answer: Parameters<Lookup>[2]; ttls: (...ttls: number[]) => void }[] = []
  const clock = new ManualClock()
  let prefersIpv6 = false
  let ttls: (...ttls: number[]) => void = () => {}
  const sources: NameSources = {
    dns: (_host, answer) => (ttls = (...given) => answer(given.map((ttl): RecordWithTtl => ({ address: '192.0.2.1', ttl })))),
    system: (host, { order }, answer) => void asked.push({ host, order, answer, ttls }),
  }
  const resolver = new Resolver(clock, () => prefersIpv6, sources, keep)
  const ask = (options = { all: true }, host = 'a.test'): unknown[] => {
    const heard: unknown[] = []
    resolver.lookup(host, options, (error, addresses) => heard.push(error === null ? addresses : error.message))
    return heard
  }
  return { asked, clock, resolver, ask, preferIpv6: () => (prefersIpv6 = true) }
}

describe('how long an answer is believed', () => {
  test('one question for all who wait, and none while it is', () => {
    const { asked, clock, ask } = server()
    const waiting = [ask(), ask(), ask()]
    expect(asked.length).toBe(1)
    asked[0].answer(null, [V4])
    expect(waiting).toEqual([[[V4]], [[V4]], [[V4]]])
    clock.advance(4999)
    expect(ask()).toEqual([[V4]])
    expect(asked.length).toBe(1)
  })

  test('a few seconds where DNS does not tell: a changed record is followed then', () => {
    const { asked, clock, ask } = server()
    ask()
    asked[0].ttls()
    asked[0].answer(null, [V4])
    clock.advance(5000)
    const later = ask()
    asked[1].answer(null, [V4B, V6])
    expect(later).toEqual([[V4B, V6]])
  })

  test.each([
    ['the shortest of what DNS says', [300, 60, 90], 60_000],
    ['a second at least', [0], 1000],
    ['a day at most', [1_000_000], 86_400_000],
  ])('%s', (_title, ttls, kept_ms) => {
    for (const first of ['dns', 'system']) {
      const { asked, clock, ask } = server()
      ask()
      if (first === 'dns') asked[0].ttls(...ttls)
      asked[0].answer(null, [V4])
      if (first === 'system') asked[0].ttls(...ttls)
      clock.advance(kept_ms - 1)
      ask()
      expect(asked.length).toBe(1)
      clock.advance(1)
      ask()
      expect(asked.length).toBe(2)
    }
  })

  test('as somebody else says', () => {
    const { asked, clock, ask } = server((dns_ms) => Math.max(dns_ms ?? 0, 30_000))
    ask()
    asked[0].answer(null, [V4])
    asked[0].ttls(10)
    clock.advance(29_999)
    ask()
    expect(asked.length).toBe(1)
  })
})

describe('failures', () => {
  test('are told to all who wait, and remembered for a second', () => {
    const { asked, clock, ask } = server()
    const waiting = [ask(), ask()]
    asked[0].answer(NOT_FOUND, undefined as unknown as LookupAddress[])
    expect(waiting).toEqual([[NOT_FOUND.message], [NOT_FOUND.message]])
    clock.advance(999)
    expect(ask()).toEqual([NOT_FOUND.message])
    expect(asked.length).toBe(1)
    clock.advance(1)
    ask()
    expect(asked.length).toBe(2)
  })

  test('while the name server cannot be asked, what was known is used, for an hour', () => {
    const { asked, clock, ask } = server()
    ask()
    asked[0].answer(null, [V4])
    clock.advance(10_000)
    const heard = ask()
    asked[1].answer(failure('EAI_AGAIN'), NONE)
    expect(heard).toEqual([[V4]])
    clock.advance(3_600_000)
    const late = ask()
    asked[2].answer(failure('EAI_AGAIN'), NONE)
    expect(late).toEqual(['getaddrinfo EAI_AGAIN a.test'])
  })

  test('a name that is gone is gone', () => {
    const { asked, clock, ask } = server()
    ask()
    asked[0].answer(null, [V4])
    clock.advance(10_000)
    const heard = ask()
    asked[1].answer(NOT_FOUND, NONE)
    expect(heard).toEqual([NOT_FOUND.message])
  })
})

test('several addresses take turns at being first, each kind for itself', () => {
  const { asked, ask } = server()
  ask()
  asked[0].answer(null, [V4, V6, V4B, V4C])
  expect([ask(), ask(), ask()]).toEqual([[[V4B, V4C, V4, V6]], [[V4C, V4, V4B, V6]], [[V4, V4B, V4C, V6]]])
})

test.each([
  ['one address', { all: false }, '192.0.2.1'],
  ['one of a family', { all: false, family: 6 }, '2001:db8::1'],
  ['all of a family', { all: true, family: 4 }, [V4, V4B]],
])('who asks for %s gets it', (_name, options, expected) => {
  const { asked, ask } = server()
  const heard = ask(options)
  asked[0].answer(null, [V4, V4B, V6])
  expect(heard).toEqual([expected])
})

test('no address of the family asked for is a name that does not resolve', () => {
  const { asked, ask } = server()
  const heard = ask({ all: true, family: 6 } as { all: boolean })
  asked[0].answer(null, [V4])
  expect(heard).toEqual(['getaddrinfo ENOTFOUND a.test'])
})

test('prefer_ipv6 is read at each question', () => {
  const { asked, clock, ask, preferIpv6 } = server()
  ask()
  asked[0].answer(NOT_FOUND, NONE)
  preferIpv6()
  clock.advance(1000)
  ask()
  expect(asked.map(({ order }) => order)).toEqual(['ipv4first', 'ipv6first'])
})

test('a version moves with the addresses, not with their order, nor with a failure; what has expired is asked for meanwhile', () => {
  const { asked, clock, ask, resolver } = server()
  expect(resolver.versionOf('a.test')).toBe(0)
  expect(asked.length).toBe(0)
  ask()
  asked[0].answer(null, [V4, V4B])
  expect(resolver.versionOf('a.test')).toBe(1)
  for (const [i, [error, addresses]] of (
    [
      [null, [V4B, V4]],
      [NOT_FOUND, NONE],
      [null, [V4, V4B]],
    ] as const
  ).entries()) {
    clock.advance(5000)
    resolver.versionOf('a.test')
    resolver.versionOf('a.test')
    expect(asked.length).toBe(i + 2)
    asked[i + 1].answer(error, addresses as unknown as LookupAddress[])
    expect(resolver.versionOf('a.test')).toBe(1)
  }
  clock.advance(5000)
  resolver.versionOf('a.test')
  asked[4].answer(null, [V4, V4C])
  expect(resolver.versionOf('a.test')).toBe(2)
})

test('names that nobody has asked for longest are forgotten', () => {
  const { asked, ask } = server()
  for (let i = 0; i < 1100; i++) {
    ask({ all: true }, `n${i}.test`)
    asked[i].answer(null, [V4])
  }
  ask({ all: true }, 'n1099.test')
  expect(asked.length).toBe(1100)
  ask({ all: true }, 'n0.test')
  expect(asked.length).toBe(1101)
})

test('the system is asked two questions at a time: a silent name server does not hold all threads', () => {
  const { asked, ask } = server()
  const heard = ['a', 'b', 'c', 'd', 'c'].map((name) => ask({ all: true }, `${name}.test`))
  expect(asked.map(({ host }) => host)).toEqual(['a.test', 'b.test'])
  asked[1].answer(null, [V4])
  expect(asked.map(({ host }) => host)).toEqual(['a.test', 'b.test', 'c.test'])
  asked[2].answer(NOT_FOUND, NONE)
  asked[3].answer(null, [V4B])
  expect(heard).toEqual([[], [[V4]], [NOT_FOUND.message], [[V4B]], [NOT_FOUND.message]])
})

describe('a backend by name', () => {
  /** Two servers on one port, at different addresses of this machine, and a name that is told to mean one or the other. */
  async function twins() {
    const one = new RawOrigin((socket) => socket.write(OK))
    const port = await one.listen()
    const two = new RawOrigin((socket) => socket.write(OK))
    await new Promise<void>((resolve) => two.server.listen(port, '127.0.0.2', resolve))
    const clock = new ManualClock()
    const name = { addresses: ['127.0.0.1'] }
    const names: NameSources = {
      dns: (_host, answer) => answer([{ address: '127.0.0.1', ttl: 30 }]),
      system: (_host, _options, answer) =>
        answer(
          null,
          name.addresses.map((address) => ({ address, family: 4 })),
        ),
    }
    const cache = rig([specOf(port, { host: 'twins.test' })], { clock, names })
    closing.push(one, two, cache.origin)
    return { one, two, clock, name, cache }
  }

  test('follows it: after its time connections to the old address are not used any more', async () => {
    const { one, two, clock, name, cache } = await twins()
    await fetch(cache)
    await fetch(cache)
    expect([one.sockets.length, two.sockets.length]).toEqual([1, 0])
    name.addresses = ['127.0.0.2']
    await fetch(cache)
    expect(two.sockets.length).toBe(0)
    clock.advance(30_000)
    expect((await fetch(cache)).events).toEqual(['head 200 2', 'end ok'])
    expect((await fetch(cache)).address).toContain('127.0.0.2 ')
    expect([one.sockets.length, two.sockets.length]).toEqual([1, 1])
  })

  test('fails over: when one address refuses, the next is tried', async () => {
    const { one, two, name, cache } = await twins()
    name.addresses = ['127.0.0.1', '127.0.0.2']
    one.close()
    expect((await fetch(cache)).events).toEqual(['head 200 2', 'end ok'])
    expect(two.sockets.length).toBe(1)
  })

  test('connects to its addresses in turn', async () => {
    const { one, two, name, cache } = await twins()
    name.addresses = ['127.0.0.1', '127.0.0.2']
    await Promise.all(Array.from({ length: 6 }, () => fetch(cache)))
    expect([one.sockets.length, two.sockets.length]).toEqual([3, 3])
  })
})
