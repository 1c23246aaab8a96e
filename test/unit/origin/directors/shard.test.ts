import { describe, expect, test } from 'vitest'
import { Shard } from '../../../../src/origin/directors/shard.ts'
import { Params } from '../../../../src/origin/directors/shard-param.ts'
import { ShardRing } from '../../../../src/origin/directors/shard-ring.ts'
import type { CommonContext, VclBackend } from '../../../../src/vcl/runtime/context.ts'
import type { ShardArguments } from '../../../../src/vcl/runtime/directors.ts'
import { FakeContext } from '../../../kit/fake-context.ts'

// Which backend a key goes to is compared with varnishd's own in test/vcl/measured.test.ts.

const NONE: ShardArguments = {
  by: undefined,
  key: undefined,
  key_blob: undefined,
  alt: undefined,
  warmup: undefined,
  rampup: undefined,
  healthy: undefined,
}

interface Rig {
  readonly shard: Shard
  readonly backends: { name: string; healthy: boolean; health_changed_s: number }[]
  readonly chosen: (args?: Partial<ShardArguments>) => string | undefined
}

/** Two backends, whose dice and clock are the test's. The key's own one is the first of the list. */
function rig(random: () => number, now_s = 1000): Rig {
  const shard = new Shard('s', random)
  const made = ['b1', 'b2'].map((name) => ({ name, healthy: true, health_changed_s: 0 }))
  for (const backend of made) shard.addMember({ backend, ident: undefined, rampup_s: undefined, weight: undefined })
  const c = Object.assign(new FakeContext(), { now_s }) as unknown as CommonContext
  const chosen = (args: Partial<ShardArguments> = {}): string | undefined =>
    shard.backend(c, { ...NONE, by: 'KEY', key: 1, ...args }, undefined, undefined)?.name
  const first = chosen()
  return { shard, chosen, backends: made.toSorted((a) => (a.name === first ? -1 : 1)) }
}

describe('warmup', () => {
  test.each([
    [0.2, 0.1, 1],
    [0.2, 0.3, 0],
    [0, 0, 0],
  ])('%d, and the dice say %d', (warmup, dice, expected) => {
    const { shard, chosen, backends } = rig(() => dice)
    shard.setWarmup(warmup)
    expect(chosen()).toBe(backends[expected].name)
  })

  test('of the call goes before the director’s; alternatives have none', () => {
    const { shard, chosen, backends } = rig(() => 0.4)
    shard.setWarmup(0.9)
    expect([chosen({ warmup: 0 }), chosen({ alt: 1 }), chosen({ warmup: -1 })]).toEqual([0, 1, 1].map((i) => backends[i].name))
  })

  test.each([-0.1, 1, Number.NaN])('%d is no probability for a director', (probability) => {
    const { shard, chosen, backends } = rig(() => 0)
    shard.setWarmup(probability)
    expect(chosen()).toBe(backends[0].name)
  })
})

describe('rampup', () => {
  test.each([
    [995, 0, 0.6, true, 1],
    [995, 0, 0.4, true, 0],
    [995, 0, 0.6, false, 0],
    [995, 999, 0.6, true, 0],
    [900, 0, 0.6, true, 0],
  ])('healthy since %d, the other since %d, dice %d, rampup %s', (since, other, dice, rampup, expected) => {
    const { shard, chosen, backends } = rig(() => dice)
    shard.setRampup(10)
    backends[0].health_changed_s = since
    backends[1].health_changed_s = other
    expect(chosen({ rampup })).toBe(backends[expected].name)
  })
})

describe('LAZY in a fetch', () => {
  test('the director chooses later, with what was asked', () => {
    const { shard, backends } = rig(() => 0)
    const c = Object.assign(new FakeContext(), { side: 'backend' }) as unknown as CommonContext
    const args: ShardArguments = { ...NONE, by: 'KEY', key: 1, alt: 1 }
    expect(shard.backend(c, args, undefined, 'LAZY')).toBe(shard)
    expect(shard.choose(c)?.name).toBe(backends[1].name)
    backends[1].healthy = false
    expect(shard.choose(c)).toBeUndefined()
  })

  test('parameters set in a fetch hold for that fetch', () => {
    const params = new Params('p')
    const context = (side: string) => Object.assign(new FakeContext(), { side }) as unknown as CommonContext
    const [init, one, two] = [context('house'), context('backend'), context('backend')]
    params.set(init, { ...NONE, alt: 1 })
    params.set(one, { ...NONE, alt: 2, by: 'URL' })
    expect([params.values(one).alt, params.values(one).by, params.values(two).alt]).toEqual([2, 'URL', 1])
    params.clear(one)
    expect(params.values(one).alt).toBe(1)
  })

  test('by HASH it is what vcl_hash has made', () => {
    const c = Object.assign(new FakeContext(), { side: 'backend', bereq_hash: new Uint8Array([0, 0, 1, 2]) })
    expect(new Params('p').keyOf(c as unknown as CommonContext)).toBe(258)
  })
})

test('in vcl_init nothing is chosen yet', () => {
  const { shard } = rig(() => 0)
  const c = Object.assign(new FakeContext(), { side: 'house' }) as unknown as CommonContext
  expect(shard.backend(c, NONE, undefined, undefined)).toBe(shard)
  expect(() => shard.backend(c, NONE, undefined, 'NOW')).toThrow('s: .backend(resolve=NOW) can not be used in vcl_init{}/vcl_fini{}')
})

describe('bounds', () => {
  const backend: VclBackend = { name: 'b', healthy: true }

  test('of a ring', () => {
    expect(() => new ShardRing([{ backend, ident: undefined, rampup_s: undefined, replicas: 300_001 }])).toThrow('300001 replicas')
  })

  test('of changes that nobody applies', () => {
    const shard = new Shard('s', Math.random)
    for (let i = 0; i < 10_000; i++) shard.removeMember(backend, undefined)
    expect(() => shard.removeMember(backend, undefined)).toThrow('more than 10000 changes')
  })
})
