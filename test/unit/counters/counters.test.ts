import { describe, expect, test } from 'vitest'
import { CLOSE_REASONS, countClose } from '../../../src/counters/close-reasons.ts'
import { ARENA, CounterBlock, CounterSet, MAIN, MGT, SMA, sumBlocks, VBE } from '../../../src/counters/counters.ts'
import { LEFT_OUT } from '../../../src/counters/left-out.ts'
import { COUNTER_CLASSES, counterRows, type CounterClass } from '../../../src/counters/table.ts'

const CLASSES = Object.keys(COUNTER_CLASSES) as CounterClass[]

describe('layout', () => {
  test.each(CLASSES)('%s: a counter’s index is its place in the table', (kind) => {
    const indexes = { MAIN, MGT, SMA, SMF: SMA, ARENA, VBE }[kind]
    expect(Object.entries(indexes)).toEqual(counterRows(kind).map(([name], i) => [name, i]))
  })

  test('what the log counts stands together, in its order', () => {
    const { shm_records: first } = MAIN
    const rest = [MAIN.shm_writes, MAIN.shm_flushes, MAIN.shm_cont, MAIN.shm_cycles, MAIN.shm_lost]
    expect(rest).toEqual([first + 1, first + 2, first + 3, first + 4, first + 5])
  })

  test.each(CLASSES.flatMap((kind) => counterRows(kind).map(([name, row]) => ({ name: `${kind}.${name}`, row }))))(
    '$name has a name for Prometheus and a meaning',
    ({ name, row }) => {
      expect(name).toMatch(/^[A-Z]+\.[a-z][a-z0-9_]*$/)
      expect(row.about).toMatch(/^[A-Z].*[^.]$/)
    },
  )
})

test('what is said to be left out is not there, and has a reason', () => {
  const there = new Set(CLASSES.flatMap((kind) => counterRows(kind).map(([name]) => `${kind}.${name}`)))
  const named = LEFT_OUT.flatMap(([names]) => names.split(', '))
  expect(named.filter((name) => there.has(name) || !/^[A-Z]+\.(?:[a-z][a-z0-9_]*|\*)$/.test(name))).toEqual([])
  expect(new Set(named).size).toBe(named.length)
})

describe('adding up', () => {
  test('counters are added, facts that every worker knows are not', () => {
    const [a, b] = [new CounterBlock(), new CounterBlock()]
    a.values[MAIN.client_req] += 3
    b.values[MAIN.client_req] += 4
    a.values[MAIN.n_backend] = 2
    b.values[MAIN.n_backend] = 2
    const sums = sumBlocks([a, b])
    expect(sums[MAIN.client_req]).toBe(7)
    expect(sums[MAIN.n_backend]).toBe(2)
    expect(sums[MAIN.cache_hit]).toBe(0)
  })

  test('no block at all is zero everywhere', () => {
    expect(sumBlocks([], 'VBE').every((value) => value === 0)).toBe(true)
  })

  test('blocks of two classes are not mixed', () => {
    expect(() => sumBlocks([new CounterBlock('SMA', 's0')], 'MAIN')).toThrow('one class')
  })

  test('a count beyond 32 bits stays exact', () => {
    const block = new CounterBlock()
    block.values[MAIN.s_resp_bodybytes] = 2 ** 40
    block.values[MAIN.s_resp_bodybytes] += 1
    expect(sumBlocks([block])[MAIN.s_resp_bodybytes]).toBe(2 ** 40 + 1)
  })
})

describe('what the manager sees', () => {
  test('a worker’s later counts, through the posted handle', () => {
    const worker = new CounterBlock()
    const set = new CounterSet()
    set.add(structuredClone(worker.handle))
    worker.values[MAIN.cache_hit]++
    expect(set.sum('MAIN')[MAIN.cache_hit]).toBe(1)
  })

  test('stores and backends by name', () => {
    const set = new CounterSet()
    const [s0, first, second] = [new CounterBlock('SMA', 's0'), new CounterBlock('VBE', 'a.b'), new CounterBlock('VBE', 'a.b')]
    for (const block of [s0, first, second]) set.add(block.handle)
    s0.values[SMA.g_bytes] = 4096
    first.values[VBE.req] = 1
    second.values[VBE.req] = 2
    expect(set.instances('SMA')).toEqual(['s0'])
    expect(set.instances('VBE')).toEqual(['a.b'])
    expect(set.snapshot()).toMatchObject({ 'SMA.s0.g_bytes': 4096, 'VBE.a.b.req': 3 })
  })

  test('a block of the wrong size is refused', () => {
    expect(() => CounterBlock.attach({ kind: 'SMA', instance: 's0', memory: new SharedArrayBuffer(8) })).toThrow('size of its class')
  })
})

describe('a closed connection is counted by its reason', () => {
  test.each(Object.entries(CLOSE_REASONS))('%s', (reason, { counter, error }) => {
    const { values } = new CounterBlock()
    countClose(values, reason as keyof typeof CLOSE_REASONS)
    expect(counterRows('MAIN')[counter][0]).toBe(`sc_${reason.toLowerCase()}`)
    expect([values[counter], values[MAIN.sess_closed], values[MAIN.sess_closed_err]]).toEqual([1, 1, error ? 1 : 0])
  })
})
