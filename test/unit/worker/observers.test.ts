import { expect, test } from 'vitest'
import { ManualClock } from '../../../src/base/clock.ts'
import { CounterBlock, MAIN } from '../../../src/counters/counters.ts'
import { readRing } from '../../../src/log/reader.ts'
import { SessionObserver } from '../../../src/worker/observers.ts'
import { open } from '../log/kit.ts'

test.each([
  ['ECONNABORTED', 'sess_fail_econnaborted'],
  ['EMFILE', 'sess_fail_emfile'],
  ['ENFILE', 'sess_fail_emfile'],
  ['ENOBUFS', 'sess_fail_enomem'],
  ['ENOMEM', 'sess_fail_enomem'],
  ['EPERM', 'sess_fail_other'],
] as const)('an accept that fails with %s is counted as %s, and told of', (code, counter) => {
  const { values } = new CounterBlock()
  const lines: string[] = []
  const tell = (line: string): void => void lines.push(line)
  const { ring, log } = open()
  const observer = new SessionObserver(values, log, new ManualClock(), { warn: tell, error: tell })
  observer.acceptFailed('a0', Object.assign(new Error('no'), { code, errno: -24 }))
  expect(values[MAIN.sess_fail]).toBe(1)
  expect(values[MAIN[counter]]).toBe(1)
  expect(values.reduce((sum, n) => sum + n, 0)).toBe(2)
  expect(lines).toEqual(['accept on a0 failed: no'])
  expect([...readRing(ring)].map(({ xid, name, text }) => `${xid} ${name} ${text}`)).toEqual(['0 SessError a0 0.0.0.0 0 -1 24 "no"'])
})
