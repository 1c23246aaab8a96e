import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { compile } from '../../../kit/fake-context.ts'
import { ANSWERS, COURSES, RECORDED } from '../../../varnish/probes.ts'
import type { ProbeDeclaration } from '../../../../src/vcl/runtime/context.ts'
import { bitmapText, ProbeWindow, type ProbeOutcome } from '../../../../src/upkeep/health/window.ts'

const PROBE: ProbeDeclaration = {
  url: '/',
  request: undefined,
  expected_response: 200,
  timeout_s: 2,
  interval_s: 5,
  window: 8,
  threshold: 3,
  initial: 2,
  expect_close: true,
}

const GOOD: ProbeOutcome = { family: '4', sent: true, received: true, happy: true, took_s: 0.004, text: 'HTTP/1.1 200 OK' }
const BAD: ProbeOutcome = { ...GOOD, happy: false, text: 'HTTP/1.1 404 Not Found' }

/** "+--+": good and bad probes; yields "good/healthy" of the beginning and after each. */
function course(probe: Partial<ProbeDeclaration>, outcomes: string): string[] {
  const window = new ProbeWindow({ ...PROBE, ...probe })
  const state = () => `${window.good} ${window.healthy ? 'healthy' : 'sick'}`
  return [state(), ...Array.from(outcomes, (one) => (window.record(one === '+' ? GOOD : BAD), state()))]
}

describe('windows and thresholds', () => {
  test.each<[string, Partial<ProbeDeclaration>, string, string[]]>([
    ['one good probe makes it healthy', {}, '+', ['2 sick', '3 healthy']],
    ['initial 0: it has to earn it', { initial: 0, threshold: 4 }, '++++', ['0 sick', '1 sick', '2 sick', '3 sick', '4 healthy']],
    [
      'what was taken for good leaves the window',
      { initial: 4, threshold: 4, window: 8 },
      '-----',
      ['4 healthy', '4 healthy', '4 healthy', '4 healthy', '4 healthy', '3 sick'],
    ],
    [
      'bad ones within a window',
      { threshold: 2, window: 4, initial: 1 },
      '++--+-',
      ['1 sick', '2 healthy', '3 healthy', '3 healthy', '2 healthy', '2 healthy', '1 sick'],
    ],
    ['a window of one', { threshold: 1, window: 1, initial: 0 }, '+-+', ['0 sick', '1 healthy', '0 sick', '1 healthy']],
  ])('%s', (_title, probe, outcomes, expected) => {
    expect(course(probe, outcomes)).toEqual(expected)
  })

  test('64 of 64', () => {
    const probe = { window: 64, threshold: 64, initial: 0 }
    expect(course(probe, '+'.repeat(64)).at(-1)).toBe('64 healthy')
    expect(course(probe, '+'.repeat(100)).at(-1)).toBe('64 healthy')
    expect(course(probe, '+'.repeat(100) + '-').at(-1)).toBe('63 sick')
  })
})

test('the average is that of good probes, those of the beginning included: 0.003567 after one of 0.001784, as varnishd has it', () => {
  const window = new ProbeWindow({ ...PROBE, threshold: 2, window: 4, initial: 1 })
  window.record({ ...GOOD, took_s: 0.003567 })
  expect(window.average_s.toFixed(4)).toBe('0.0018')
  window.record({ ...BAD, took_s: 5 })
  expect(window.average_s.toFixed(4)).toBe('0.0018')
  for (let i = 0; i < 50; i++) window.record({ ...GOOD, took_s: 0.1 })
  expect(window.average_s).toBeCloseTo(0.1, 5)
})

test.each<[string, ProbeOutcome, string]>([
  ['good', GOOD, '4---X-RH'],
  ['another status', BAD, '4---X-R-'],
  ['over IPv6, over a unix socket', { ...GOOD, family: 'U' }, '--U-X-RH'],
  ['nobody answers', { ...BAD, received: false }, '4---Xr--'],
  ['nobody listens', { ...BAD, family: undefined, sent: undefined, received: undefined }, '--------'],
  ['it could not be sent', { ...BAD, family: '6', sent: false, received: undefined }, '-6-x----'],
])('letters: %s', (_title, outcome, letters) => {
  const window = new ProbeWindow(PROBE)
  window.record(outcome)
  expect(window.letters).toBe(letters)
})

test('a bitmap as text, the oldest first', () => {
  expect(bitmapText(0b1011n, 'H')).toBe(`${'-'.repeat(60)}H-HH`)
  expect(bitmapText(2n ** 64n - 1n, 'X')).toBe('X'.repeat(64))
})

describe('as varnishd 7.1 does it (test/varnish/record-probes.ts)', () => {
  const recorded = JSON.parse(readFileSync(RECORDED, 'utf8')) as string[][]

  test.each(COURSES.map((course, i) => ({ ...course, expected: recorded[i] })))('$probe $answers', ({ probe, answers, expected }) => {
    const compiled = compile(`backend x { .host = "h"; .probe = { ${probe} } } sub vcl_recv { set req.backend_hint = x; }`)
    if (!compiled.ok) throw new Error(compiled.text)
    const declared = compiled.program.backends[1].probe!
    const window = new ProbeWindow(declared)
    const state = () => `${window.healthy ? 'healthy' : 'sick'} ${window.letters} ${window.good} ${declared.threshold} ${declared.window}`
    const course = [state()]
    for (const letter of answers) {
      const answer = ANSWERS[letter]
      const happy = answer.includes(` ${declared.expected_response} `)
      window.record({ ...GOOD, received: answer === '' ? undefined : true, happy, text: answer })
      course.push(state())
    }
    expect(course).toEqual(expected)
  })
})
