import { describe, expect, test } from 'vitest'
import { Histogram } from '../../../src/tools/hist/histogram.ts'
import { HistView, histTool } from '../../../src/tools/hist/main.ts'
import type { Measured } from '../../../src/tools/hist/measure.ts'
import { profileOf } from '../../../src/tools/hist/profile.ts'
import { Replay } from '../../../src/tools/hist/replay.ts'
import { HIST_TOOL } from '../../../src/tools/options/hist.ts'
import { parseOptions } from '../../../src/tools/options/parse.ts'

const SIZE = { rows: 12, columns: 20 }

function drawn(histogram: Histogram, size = SIZE): string[] {
  return histogram.lines(size, '', '').map(({ text }) => text.trimEnd())
}

describe('the histogram', () => {
  test('has misses below hits, and what is beyond the axis at its ends', () => {
    const histogram = new Histogram({ low: 0, high: 2 })
    for (const [value, is_hit] of [
      [1, false],
      [1, true],
      [0.001, false],
      [99.9, true],
      [1e9, true],
    ] as const)
      histogram.add(value, is_hit)
    expect(drawn(histogram).slice(-5)).toEqual([
      '|',
      '#                  |',
      '#                  |',
      '+---------+---------',
      '|1e0      |1e1',
    ])
  })

  test('forgets what is older than the last so many', () => {
    const histogram = new Histogram({ low: 0, high: 2 }, 3)
    for (const value of [50, 50, 1, 1, 1]) histogram.add(value, false)
    expect(histogram.n).toBe(3)
    expect(drawn(histogram).join('\n')).not.toMatch(/ +#/)
  })

  test('leaves out what has no place on the axis', () => {
    const histogram = new Histogram({ low: 0, high: 2 })
    for (const value of [0, -1, NaN]) histogram.add(value, true)
    expect(histogram.n).toBe(0)
  })

  test.each([
    [1, 1],
    [2, 3],
    [24, 5],
    [300, 300],
  ])('fits %i rows and %i columns', (rows, columns) => {
    const histogram = new Histogram({ low: -6, high: 3 })
    for (let i = 0; i < 5000; i++) histogram.add(0.01, i % 2 === 0)
    const lines = histogram.lines({ rows, columns }, '', 'EOF')
    expect(lines.length).toBe(rows)
    expect(lines.every(({ text }) => text.length === columns)).toBe(true)
  })
})

describe('a file is played', () => {
  const at = (time_s: number): Measured => ({ value: 1, is_hit: true, time_s })

  test('at the speed at which it was written, or another', () => {
    const seen: (number | undefined)[] = []
    const replay = new Replay(2, ({ time_s }) => seen.push(time_s))
    for (const time_s of [100, 101, 103, 110]) replay.add(at(time_s))
    replay.advance(5000)
    expect(seen).toEqual([100])
    replay.advance(6500)
    expect([seen, replay.time_s]).toEqual([[100, 101, 103], 103])
    replay.factor = 100
    replay.advance(6600)
    expect([seen.length, replay.isEmpty, replay.time_s]).toEqual([4, true, 113])
    replay.advance(9999)
    expect(replay.time_s).toBe(113)
  })

  test('what has no time is not waited for', () => {
    const seen: boolean[] = []
    const replay = new Replay(1, ({ is_hit }) => seen.push(is_hit))
    replay.add({ ...at(1), time_s: undefined })
    replay.advance(1)
    expect([seen, replay.isEmpty]).toEqual([[true], true])
  })
})

test('keys', () => {
  const view = new HistView(1)
  const replay = { factor: 1, time_s: 1_795_646_604 }
  for (const key of ['3', '-', '+', '+', '>', '>', '<']) expect(view.key(key, replay)).toBe('draw')
  expect(view.about(replay)).toBe(', d = 4 @ Wed, 25 Nov 2026 22:43:24 GMT x 2')
  expect(view.about(undefined)).toBe(', d = 4')
  expect([view.key('q', replay), view.key('x', replay)]).toEqual(['quit', undefined])
})

test.each([
  [0.000_001, '0.015625'],
  [3_000_000, '512'],
])('a delay of %d s is one of %s: a timer takes what is too long for no time at all', (delay_s, shown) => {
  expect(new HistView(delay_s).about(undefined)).toBe(`, d = ${shown}`)
})

describe('profiles', () => {
  test('of one’s own', () => {
    expect(profileOf('b:Timestamp:Beresp:3:-4:1')).toMatchObject({ side: 'backend', prefix: 'Beresp', field: 3, low: -4, high: 1 })
    expect(profileOf('ReqAcct::5')).toMatchObject({ side: 'client', prefix: '', field: 5, low: -6, high: 3 })
    expect(profileOf('E:Timestamp:Process:3')).toMatchObject({ side: 'esi' })
  })

  test.each([
    ['nope', /there is no such profile; give one of responsetime/],
    ['constructor', /there is no such profile/],
    ['Nope:x:1', /'Nope' matches zero tags/],
    ['Req:x:1', /'Req' is ambiguous/],
    ['Timestamp:x', /give \[c:\|b:\|E:\]tag/],
    ['Timestamp:x:0', /fields are counted from 1/],
    ['Timestamp:x:1:3:3', /from a smaller power of ten to a larger/],
    ['Timestamp:x:1:-40:3', /32 at most/],
  ])('%s is refused', (text, message) => {
    expect(() => profileOf(text)).toThrow(message)
  })

  test.each([
    [['-B', '0'], /-B 0: not a number above 0/],
    [['-p', 'x'], /-p x: not a number above 0/],
    [['-1', '-g', 'raw', '-r', 'x'], /-g raw: what is measured is a request/],
  ])('%j is refused', async (args, message) => {
    await expect(histTool(parseOptions(HIST_TOOL, args))).rejects.toThrow(message)
  })
})
