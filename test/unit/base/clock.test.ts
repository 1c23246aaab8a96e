import { expect, test } from 'vitest'
import { SystemClock } from '../../../src/base/clock.ts'

test('wall clock and monotonic clock advance together', () => {
  const clock = new SystemClock()
  expect(Math.abs(clock.wall_ms - performance.timeOrigin - performance.now())).toBeLessThan(1000)
  const { wall_ms, mono_ms } = clock
  do clock.refresh()
  while (clock.mono_ms === mono_ms)
  expect(clock.wall_ms - wall_ms).toBeCloseTo(clock.mono_ms - mono_ms, 2)
})

test('a system clock that is set is followed; what its resolution makes of it is no step', () => {
  let set_ms = 0
  const system = new SystemClock()
  const clock = new SystemClock(0, () => {
    system.refresh()
    return system.wall_ms + set_ms
  })
  const origin = (): number => {
    clock.refresh()
    return clock.wall_ms - clock.mono_ms
  }
  const steady_ms = origin()
  set_ms = 3_600_000
  const moved_ms = origin()
  expect(moved_ms - steady_ms).toBeCloseTo(3_600_000, -1)
  set_ms = 3_600_003
  expect(origin()).toBe(moved_ms)
  set_ms = 0
  expect(origin()).toBeCloseTo(steady_ms, -1)
})
