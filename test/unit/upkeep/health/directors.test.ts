import { expect, test } from 'vitest'
import { ManualClock } from '../../../../src/base/clock.ts'
import { CounterBlock } from '../../../../src/counters/counters.ts'
import { HealthTable } from '../../../../src/shm/health.ts'
import { Health } from '../../../../src/upkeep/health/health.ts'

test('what an operator says of a director is told, and workers read it', () => {
  const clock = new ManualClock()
  const heard: string[] = []
  const health = new Health({
    workers: 2,
    clock,
    dial: { lookup: () => {}, tls_verify: true, tls_ca: undefined },
    counters: () => new CounterBlock('VBE').values,
    log: () => {},
    tell: (level, message) => heard.push(`${level} ${message}`),
  })
  const { handle } = health.add('boot', [], ['rr', 'fb']).table
  const cell = new HealthTable(handle).cell('fb', 1)
  const began_s = cell?.changed_s
  expect([cell?.verdict, health.directorAdmin('boot', 'fb'), health.directorAdmin('boot', 'nope')]).toEqual([undefined, 'probe', undefined])
  clock.advance(5000)
  for (const admin of ['sick', 'sick', 'healthy', 'probe', 'probe'] as const) {
    health.setDirector('boot', 'fb', admin)
    expect(cell?.verdict).toBe({ sick: false, healthy: true, probe: undefined }[admin])
  }
  health.setDirector('boot', 'nope', 'sick')
  health.setDirector('nope', 'fb', 'sick')
  expect(cell!.changed_s - began_s!).toBeCloseTo(5)
  expect(new HealthTable(handle).cell('rr', 0)?.verdict).toBe(undefined)
  expect(heard).toEqual([
    'warn director boot.fb is sick: an operator has set it to sick',
    'warn director boot.fb is healthy: an operator has set it to healthy',
    'warn director boot.fb is as its backends are again: an operator has set it to probe',
  ])
})
