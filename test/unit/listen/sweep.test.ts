import { describe, expect, test } from 'vitest'
import { ManualClock } from '../../../src/base/clock.ts'
import { Sweep, type Timed } from '../../../src/listen/sweep.ts'

class Entry implements Timed {
  due_ms = Infinity
  slot = -1
  next: Timed | undefined = undefined
  previous: Timed | undefined = undefined
  fired: number[] = []
  onFire: (() => void) | undefined = undefined

  onDue(now_ms: number): void {
    this.fired.push(now_ms)
    this.onFire?.()
  }
}

function setUp(): { clock: ManualClock; sweep: Sweep; run: (ms: number) => void } {
  const clock = new ManualClock()
  const sweep = new Sweep(clock)
  const run = (ms: number): void => {
    for (let passed = 0; passed < ms; passed += 100) {
      clock.advance(100)
      sweep.sweep()
    }
  }
  return { clock, sweep, run }
}

describe('deadlines of the sweep', () => {
  test.each([1, 99, 100, 101, 5000, 102_300, 102_400, 102_500, 600_000])('%i ms: not before, and at most a tick after', (due_ms) => {
    const { sweep, run } = setUp()
    const entry = new Entry()
    sweep.schedule(entry, due_ms)
    run(700_000)
    expect(entry.fired).toHaveLength(1)
    expect(entry.fired[0]).toBeGreaterThanOrEqual(due_ms)
    expect(entry.fired[0]).toBeLessThanOrEqual(due_ms + 100)
  })

  test('moved later, moved earlier, taken back', () => {
    const { sweep, run } = setUp()
    const [later, earlier, back, removed] = [new Entry(), new Entry(), new Entry(), new Entry()]
    for (const entry of [later, earlier, back, removed]) sweep.schedule(entry, 5000)
    sweep.schedule(later, 8000)
    sweep.schedule(earlier, 2000)
    sweep.schedule(back, Infinity)
    sweep.remove(removed)
    run(10_000)
    expect([later, earlier, back, removed].map((e) => e.fired)).toEqual([[8000], [2000], [], []])
    sweep.schedule(back, 11_000)
    run(2000)
    expect(back.fired).toEqual([11_000])
  })

  test('what is already due comes with the next tick', () => {
    const { sweep, run } = setUp()
    run(1000)
    const entry = new Entry()
    sweep.schedule(entry, 500)
    run(100)
    expect(entry.fired).toEqual([1100])
  })

  test('after a stop of any length nothing is lost', () => {
    const { clock, sweep } = setUp()
    const entries = [50, 5000, 100_000, 300_000].map((due_ms) => {
      const entry = new Entry()
      sweep.schedule(entry, due_ms)
      return entry
    })
    clock.advance(1_000_000)
    sweep.sweep()
    expect(entries.map((entry) => entry.fired.length)).toEqual([1, 1, 1, 1])
  })

  test('one that fires may schedule itself and remove others of its slot', () => {
    const { sweep, run } = setUp()
    const [a, b, c] = [new Entry(), new Entry(), new Entry()]
    for (const entry of [a, b, c]) sweep.schedule(entry, 1000)
    // The newest comes first.
    c.onFire = () => {
      sweep.remove(b)
      sweep.schedule(c, c.fired.length * 1000 + 1000)
    }
    run(2500)
    expect([a.fired, b.fired, c.fired]).toEqual([[1000], [], [1000, 2000]])
  })

  test('as a list that is searched says, for random moves', () => {
    const { clock, sweep } = setUp()
    const entries = Array.from({ length: 50 }, () => new Entry())
    const expected = new Map<Entry, number>()
    const wrong: string[] = []
    let seed = 42
    const random = (below: number): number => (seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648) % below
    for (let step = 0; step < 5000; step++) {
      const entry = entries[random(entries.length)]
      const due_ms = clock.mono_ms + random(150_000)
      if (random(4) === 0) {
        sweep.remove(entry)
        expected.delete(entry)
      } else {
        sweep.schedule(entry, due_ms)
        expected.set(entry, due_ms)
      }
      clock.advance(random(400))
      for (const one of entries) one.fired.length = 0
      sweep.sweep()
      for (const one of entries) {
        const due = expected.get(one) ?? Infinity
        if (one.fired.length > 0) {
          if (due > clock.mono_ms) wrong.push(`step ${step}: fired ${due - clock.mono_ms} ms too early`)
          expected.delete(one)
        } else if (due <= clock.mono_ms - 100) wrong.push(`step ${step}: late by ${clock.mono_ms - due} ms`)
      }
    }
    expect(wrong).toEqual([])
  })
})
