import type { LookupAddress } from 'node:dns'
import { expect, test } from 'vitest'
import { ManualClock } from '../../../src/base/clock.ts'
import { Resolver } from '../../../src/origin/resolve.ts'
import type { Lookup } from '../../../src/origin/resolve.ts'

const V4 = { address: '192.0.2.1', family: 4 }
const V4B = { address: '192.0.2.2', family: 4 }
const V6 = { address: '2001:db8::1', family: 6 }
const NOT_FOUND = Object.assign(new Error('getaddrinfo ENOTFOUND a.test'), { code: 'ENOTFOUND', syscall: 'getaddrinfo' })

/** A name server that answers when told. */
function server() {
  const asked: { host: string; order: string; answer: Parameters<Lookup>[2] }[] = []
  const clock = new ManualClock()
  let prefersIpv6 = false
  const lookup: Lookup = (host, { order }, answer) => void asked.push({ host, order, answer })
  const resolver = new Resolver(clock, 5000, () => prefersIpv6, lookup)
  const ask = (options = { all: true }): unknown[] => {
    const heard: unknown[] = []
    resolver.lookup('a.test', options, (error, addresses) => heard.push(error === null ? addresses : error.message))
    return heard
  }
  return { asked, clock, ask, preferIpv6: () => (prefersIpv6 = true) }
}

test('one question for all who wait, and none while the answer is believed', () => {
  const { asked, clock, ask } = server()
  const waiting = [ask(), ask(), ask()]
  expect(asked.length).toBe(1)
  asked[0].answer(null, [V4])
  expect(waiting).toEqual([[[V4]], [[V4]], [[V4]]])
  clock.advance(4999)
  expect(ask()).toEqual([[V4]])
  expect(asked.length).toBe(1)
})

test('a changed record is followed after a few seconds', () => {
  const { asked, clock, ask } = server()
  ask()
  asked[0].answer(null, [V4])
  clock.advance(5000)
  const later = ask()
  asked[1].answer(null, [V4B, V6])
  expect(later).toEqual([[V4B, V6]])
})

test('a failure is told to all who wait and is not remembered', () => {
  const { asked, ask } = server()
  const waiting = [ask(), ask()]
  asked[0].answer(NOT_FOUND, undefined as unknown as LookupAddress[])
  expect(waiting).toEqual([[NOT_FOUND.message], [NOT_FOUND.message]])
  ask()
  expect(asked.length).toBe(2)
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
  const { asked, ask, preferIpv6 } = server()
  ask()
  asked[0].answer(NOT_FOUND, [])
  preferIpv6()
  ask()
  expect(asked.map(({ order }) => order)).toEqual(['ipv4first', 'ipv6first'])
})
