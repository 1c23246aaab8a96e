import { describe, expect, test } from 'vitest'
import { ManualClock } from '../../../../src/base/clock.ts'
import { Bans, COMPILED_PER_SECOND } from '../../../../src/cache/bans/bans.ts'
import { COMPILED_MAX } from '../../../../src/cache/bans/compiled.ts'
import { shownText } from '../../../../src/cache/bans/expression.ts'
import { LooseObject } from '../../../../src/cache/loose.ts'
import { RequestHead } from '../../../../src/http/message.ts'
import { Ledger } from '../../../../src/shm/ledger.ts'
import { MANAGER } from '../../../../src/shm/lock.ts'
import { Serials } from '../../../../src/shm/serial.ts'
import type { Body } from '../../../../src/store/contract.ts'
import { head } from '../../../contract/store/fixtures.ts'

const NO_BODY = {} as Body

/** Threads that share a ledger. */
class Threads {
  readonly clock = new ManualClock()
  readonly told: string[] = []
  private readonly serials = new Serials()
  private readonly memory: SharedArrayBuffer
  readonly manager: Ledger

  constructor(half_bytes = 64 * 1024) {
    this.memory = Ledger.memory(half_bytes)
    this.manager = new Ledger(this.memory, this.serials)
  }

  get newest(): number {
    return this.serials.newest
  }

  bans(worker: number, dups = true): Bans {
    const serials = worker === MANAGER ? this.serials : new Serials(worker, this.serials.memory)
    const observer = {
      added: (duplicates: number) => void this.told.push(`added ${duplicates}`),
      tested: (bans: number, tests: number, banned: boolean) => void this.told.push(`tested ${bans} ${tests} ${banned}`),
    }
    return new Bans(new Ledger(this.memory, serials), this.clock, observer, dups)
  }
}

function asked(url: string): RequestHead {
  const req = new RequestHead()
  req.url = url
  return req
}

const stored = new LooseObject(head(), NO_BODY)
const texts = (bans: Bans): string[] => bans.all().map((ban) => `${ban.done ? '- ' : ''}${shownText(ban.words)}`)

test('what one thread bans holds for the others when add returns, for what is older', () => {
  const threads = new Threads()
  const [a, b] = [threads.bans(0), threads.bans(1)]
  const before = threads.newest
  expect(a.add('req.url ~ ^/x')).toBeUndefined()
  expect(b.invalidatedSince(stored, before, asked('/x/1'))).toBe(true)
  expect(b.invalidatedSince(stored, before, asked('/y'))).toBe(false)
  expect(b.invalidatedSince(stored, threads.newest, asked('/x/1'))).toBe(false)
  expect(threads.told).toEqual(['added 0', 'tested 1 1 true', 'tested 1 1 false'])
})

test('the newest is tested first, and none that is older than the object', () => {
  const threads = new Threads()
  const bans = threads.bans(0)
  for (const url of ['/1', '/2', '/3', '/4']) bans.add(`obj.status == 200 && req.url == ${url}`)
  expect(bans.invalidatedSince(stored, threads.newest - 3, asked('/3'))).toBe(true)
  expect(bans.invalidatedSince(stored, threads.newest - 3, asked('/1'))).toBe(false)
  expect(threads.told.slice(4)).toEqual(['tested 2 4 true', 'tested 3 6 false'])
})

test('what is no ban is not added, and takes no serial', () => {
  const threads = new Threads()
  expect(threads.bans(0).add('req.url == /x &&')).toBe('No condition found after &&.')
  expect(threads.bans(0).addWords(['obj.status', '<', '3'])).toMatch(/^expected conditional/)
  expect([threads.newest, threads.manager.records, threads.told]).toEqual([0, 0, []])
})

describe('duplicates', () => {
  test('the later takes the place of the earlier, in every thread', () => {
    const threads = new Threads()
    const [a, b] = [threads.bans(0), threads.bans(1)]
    a.add('req.url ~ ^/x')
    expect(texts(b)).toEqual(['req.url ~ ^/x'])
    a.add('obj.status == 404')
    b.add('req.url ~ ^/x')
    expect(threads.told).toEqual(['added 0', 'added 0', 'added 1'])
    for (const bans of [a, b, threads.bans(2)]) expect(texts(bans)).toEqual(['- req.url ~ ^/x', 'obj.status == 404', 'req.url ~ ^/x'])
    expect(a.invalidatedSince(stored, 0, asked('/y'))).toBe(false)
    expect(threads.told.at(-1)).toBe('tested 2 2 false')
  })

  test('not of bans that mean another time, nor without ban_dups', () => {
    const threads = new Threads()
    const bans = threads.bans(0)
    bans.add('obj.age < 1s')
    bans.add('obj.age < 1s')
    expect(texts(bans)).toEqual(['obj.age < 1s', 'obj.age < 1s'])
    const without = threads.bans(1, false)
    without.add('obj.status == 1')
    without.add('obj.status == 1')
    expect(threads.told).toEqual(Array(4).fill('added 0'))
    expect(threads.manager.done).toBe(0)
  })
})

test('a full list refuses, and says so; what is done makes room first', () => {
  const threads = new Threads(4096)
  const bans = threads.bans(0)
  let added = 0
  let error: string | undefined
  while ((error = bans.add(`obj.http.x == ${added}`)) === undefined) added++
  expect(error).toBe(
    `The ban list is full (${added} bans in 4 KiB), and the ban was not added: bans that ask for obj.* only are worked off in the background, others wait until no older object is left (ban_cutoff)`,
  )
  expect([threads.newest, added]).toEqual([added, 85])
  const other = threads.bans(1)
  for (const ban of other.all().slice(0, 81)) threads.manager.finish(ban.entry)
  expect(bans.add('obj.http.x == last')).toBeUndefined()
  expect(texts(bans)).toEqual([81, 82, 83, 84, 'last'].map((i) => `obj.http.x == ${i}`))
  expect(texts(other)).toEqual(texts(bans))
  expect([threads.manager.records, threads.manager.dropped]).toEqual([5, 81])
})

test('many bans are learned once, and compiled when they are tested', () => {
  const threads = new Threads(2 ** 21)
  const bans = threads.bans(0)
  for (let i = 0; i < 10_000; i++) bans.add(`req.url ~ ^/${i}/[a-z]`)
  const other = threads.bans(1)
  expect(other.all().length).toBe(10_000)
  expect(other.invalidatedSince(stored, threads.newest - 5, asked('/9997/a'))).toBe(true)
  const compiled = other.all().filter(({ tests }) => 'pattern' in tests[0] && tests[0].pattern?.['compiled'] !== undefined)
  expect(compiled.map(({ words }) => words[2])).toEqual(['^/9997/[a-z]'])
})

function compiledOf(bans: Bans): number {
  return bans.all().filter(({ tests }) => 'pattern' in tests[0] && tests[0].pattern?.['compiled'] !== undefined).length
}

test('60,000 patterns that are plain text are compiled by nobody', () => {
  const threads = new Threads(2 ** 23)
  for (let i = 0; i < 60_000; i++) threads.manager.add(`req.url\0~\0/${i}\\.jpg$`, 0)
  const bans = threads.bans(0)
  expect(bans.invalidatedSince(stored, 0, asked('/x'))).toBe(false)
  expect(bans.invalidatedSince(stored, 0, asked('/1.jpg'))).toBe(true)
  expect(compiledOf(bans)).toBe(0)
})

describe('more patterns than can be compiled', () => {
  const threads = new Threads(2 ** 20)
  for (let i = 0; i < COMPILED_MAX + 600; i++) threads.manager.add(`req.url\0~\0[x-z]${i}$`, 0)
  const bans = threads.bans(0)

  test('an object that cannot be held to all of them in this second counts as banned', () => {
    expect(bans.invalidatedSince(stored, 0, asked('/a'))).toBe(true)
    expect(compiledOf(bans)).toBe(COMPILED_PER_SECOND)
    expect(bans.invalidatedSince(stored, threads.newest - COMPILED_PER_SECOND, asked('/a'))).toBe(false)
    expect(bans.invalidatedSince(stored, threads.newest - COMPILED_PER_SECOND - 1, asked('/a'))).toBe(true)
    threads.clock.advance(1000)
    expect(bans.invalidatedSince(stored, threads.newest - COMPILED_PER_SECOND - 1, asked('/a'))).toBe(false)
    expect(compiledOf(bans)).toBe(COMPILED_PER_SECOND + 1)
  })

  test('those that were compiled first make room, and are compiled again', () => {
    for (let seconds = 0; seconds * COMPILED_PER_SECOND < COMPILED_MAX + 600; seconds++) {
      threads.clock.advance(1000)
      bans.invalidatedSince(stored, 0, asked('/a'))
    }
    expect(compiledOf(bans)).toBe(COMPILED_MAX)
    threads.clock.advance(1000)
    expect(bans.invalidatedSince(stored, threads.newest - 10, asked('/a'))).toBe(false)
    expect(bans.invalidatedSince(stored, threads.newest - 10, asked(`/x${COMPILED_MAX + 599}`))).toBe(true)
    expect(compiledOf(bans)).toBe(COMPILED_MAX)
  })
})

test('an entry that is no ban any more, of another version, describes everything', () => {
  const threads = new Threads()
  threads.manager.add('obj.something\0==\x00200', 0)
  expect(threads.bans(0).invalidatedSince(stored, 0, asked('/'))).toBe(true)
})

test('so does a pattern that is none any more', () => {
  for (const operator of ['~', '!~']) {
    const threads = new Threads()
    threads.manager.add(`obj.status\0${operator}\0(*UTF)x`, 0)
    expect(threads.bans(0).invalidatedSince(stored, 0, asked('/'))).toBe(true)
  }
})
