import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { CounterBlock, CounterSet, MAIN, MGT, VBE } from '../../../src/counters/counters.ts'
import { CounterReader, type Point } from '../../../src/counters/read/counter-reader.ts'
import { readDoc } from '../../../src/counters/read/doc.ts'
import { compileGlob, counterFilter } from '../../../src/counters/read/glob.ts'
import { CHILD_CLASSES, StatSegments } from '../../../src/counters/vsc/stat-segments.ts'
import { AttachedDirectory } from '../../../src/shm/vsm/attach.ts'
import { SegmentSet } from '../../../src/shm/vsm/segment-set.ts'
import { GivenOptions } from '../../../src/tools/options/parse.ts'
import { statTool } from '../../../src/tools/stat/main.ts'
import { Samples } from '../../../src/tools/stat/samples.ts'
import { StatView } from '../../../src/tools/stat/view.ts'
import { jsonOf, listOf, onceText, xmlOf } from '../../../src/tools/stat/print.ts'
import { hasVarnish } from '../../varnish/varnishd.ts'

const home = mkdtempSync(join(tmpdir(), 'lacquer-stat-'))
afterAll(() => rmSync(home, { recursive: true }))
const HAS_VARNISHSTAT = hasVarnish('varnishstat')

interface Server {
  readonly path: string
  readonly main: CounterBlock
  readonly counters: CounterSet
  readonly update: () => void
}

let count = 0

function set(block: CounterBlock, counter: number, value: number): void {
  block.values[counter] = value
}

/** A work directory with counters, as the manager makes it. */
function server(): Server {
  const path = join(home, `s${count++}`)
  mkdirSync(path)
  const [mgt, child] = ['_.vsm_mgt', '_.vsm_child'].map((name) => new SegmentSet(join(path, name), 0o755, 1_795_646_604))
  const counters = new CounterSet()
  const [main, manager, backend] = [new CounterBlock('MAIN', ''), new CounterBlock('MGT', ''), new CounterBlock('VBE', 'boot.a')]
  for (const block of [main, manager, backend]) counters.add(block.handle)
  set(main, MAIN.uptime, 200)
  set(main, MAIN.cache_hit, 30)
  set(main, MAIN.cache_miss, 10)
  set(main, MAIN.s_resp_bodybytes, 5_000_000_000)
  set(manager, MGT.uptime, 90_061)
  set(backend, VBE.happy, 2 ** 32 + 5)
  const segments = [new StatSegments(mgt, counters, ['MGT']), new StatSegments(child, counters, CHILD_CLASSES)]
  const update = (): void => segments.forEach((one) => one.update())
  update()
  return { path, main, counters, update }
}

function reading(path: string): { read: () => readonly Point[]; close: () => void } {
  const directory = new AttachedDirectory(path)
  const reader = new CounterReader(directory)
  return {
    read: () => reader.read(),
    close: () => {
      reader.close()
      directory.close()
    },
  }
}

describe('prints', () => {
  test.runIf(HAS_VARNISHSTAT).each([['-1'], ['-j'], ['-x'], ['-l'], ['-1', '-r']])('what varnishstat prints with %s', (...args) => {
    const { path } = server()
    const points = reading(path).read()
    const theirs = spawnSync('varnishstat', ['-n', path, ...args], { encoding: 'utf8' }).stdout
    // Theirs has the second in which it was run.
    const time = /timestamp"?[:=] ?"([^"]*)"/.exec(theirs)?.[1]
    const now = time === undefined ? new Date(0) : new Date(time)
    const texts: Readonly<Record<string, () => string>> = {
      '-1': () => onceText(points, 200, args.includes('-r')),
      '-j': () => jsonOf(points, now, false),
      '-x': () => xmlOf(points, now, false),
      '-l': () => listOf(points),
    }
    expect(texts[args[0]]()).toBe(theirs)
  })

  test('counters with their rates, gauges without', () => {
    const { path } = server()
    const lines = onceText(reading(path).read(), 200, false).split('\n')
    expect(lines[0]).toMatch(/^MGT\.uptime {15}90061 {7}450\.31 \S/)
    expect(lines.find((line) => line.startsWith('MAIN.cache_hit '))).toMatch(/ {2}30 {9}0\.15 /)
    expect(lines.find((line) => line.startsWith('VBE.boot.a.happy '))).toMatch(/ 4294967301 {10}\. {3}/)
  })

  test('what a gauge below zero would be as 0, and raw', () => {
    const point: Point = {
      name: 'A.g',
      doc: { name: 'g', index: 0, oneliner: 'a "gauge" <&>', docs: '', semantics: 'g', format: 'i', level: 'info' },
      value: 2n ** 64n - 1n,
    }
    expect(onceText([point], 1, false)).toContain(' 0 ')
    expect(onceText([point], 1, true)).toContain(' 18446744073709551615 ')
    expect(JSON.parse(jsonOf([point], new Date(0), false))).toMatchObject({
      counters: { 'A.g': { value: 0, description: 'a "gauge" <&>' } },
    })
    expect(xmlOf([point], new Date(0), false)).toContain('<description>a "gauge" &lt;&amp;&gt;</description>')
  })
})

test.each(['1', 'j', 'x', 'l'])('-%s is refused where all counters are cut short, and is no empty list', async (name) => {
  const { path } = server()
  const once = new GivenOptions(Object.entries({ [name]: '', n: path, t: '0' }).map((pair) => ({ name: pair[0], value: pair[1] })))
  for (const set_name of ['_.vsm_mgt', '_.vsm_child']) {
    const folder = join(path, set_name)
    for (const file of readdirSync(folder)) if (!file.endsWith('.index')) truncateSync(join(folder, file))
  }
  await expect(statTool(once)).rejects.toThrow(`${path}: there are no counters that can be read`)
})

describe('a server that changes', () => {
  test('is followed: values, and backends that come and go', () => {
    const { path, main, counters, update } = server()
    const { read, close } = reading(path)
    const valueOf = (name: string): bigint | undefined => read().find((point) => point.name === name)?.value
    expect(valueOf('MAIN.cache_hit')).toBe(30n)
    set(main, MAIN.cache_hit, 31)
    const handle = new CounterBlock('VBE', 'new.b').handle
    counters.add(handle)
    update()
    expect(valueOf('MAIN.cache_hit')).toBe(31n)
    expect(valueOf('VBE.new.b.req')).toBe(0n)
    counters.remove(handle)
    update()
    expect(valueOf('VBE.new.b.req')).toBeUndefined()
    expect(valueOf('VBE.boot.a.req')).toBe(0n)
    close()
  })

  test('and goes has no counters, until it is there again', () => {
    const { path } = server()
    const { read, close } = reading(path)
    expect(read().length).toBeGreaterThan(50)
    rmSync(path, { recursive: true })
    expect(read()).toEqual([])
    close()
  })
})

describe('garbage', () => {
  test('in segments is survived', () => {
    const { path } = server()
    const files = ['_.vsm_mgt', '_.vsm_child'].flatMap((name) => readdirSync(join(path, name)).map((file) => join(path, name, file)))
    const segments = files.filter((file) => !file.endsWith('_.index'))
    const originals = new Map(files.map((file) => [file, readFileSync(file)]))
    fc.assert(
      fc.property(
        fc.constantFrom(...files),
        fc.nat(4000),
        fc.uint8Array({ minLength: 1, maxLength: 64 }),
        fc.boolean(),
        (file, at, noise, cut) => {
          const bytes = Buffer.from(originals.get(file)!)
          bytes.set(noise.subarray(0, Math.max(0, bytes.length - (at % bytes.length))), at % bytes.length)
          writeFileSync(file, cut ? bytes.subarray(0, at % bytes.length) : bytes)
          const { read, close } = reading(path)
          for (const { name, value } of read()) expect([typeof value, /\p{Cc}/u.test(name)]).toEqual(['bigint', false])
          close()
          writeFileSync(file, originals.get(file)!)
        },
      ),
      { numRuns: 300 },
    )
    expect(segments.length).toBeGreaterThan(4)
  })

  test.each([
    '',
    '{',
    '[]',
    'null',
    '{"elem":1}',
    '{"elem":{"a":1,"b":{"ctype":"uint64_t","name":"","index":0},"c":{"ctype":"int","name":"c","index":0}}}',
  ])('is no description: %s', (text) => {
    const bytes = Buffer.alloc(24 + text.length)
    bytes.writeBigUInt64LE(24n, 8)
    bytes.write(text, 24)
    expect(readDoc(bytes) ?? []).toEqual([])
  })

  test('beyond the segment or negative is no place of a counter', () => {
    const of = (index: unknown): object => ({ ctype: 'uint64_t', name: 'a', index })
    const bytes = Buffer.concat([Buffer.alloc(24), Buffer.from(JSON.stringify({ elem: { a: of(-8), b: of(0.5), c: of('x'), d: of(8) } }))])
    bytes.writeBigUInt64LE(24n, 8)
    expect(readDoc(bytes)?.map(({ index }) => index)).toEqual([8])
  })
})

describe('globs', () => {
  test.each([
    ['MAIN.*', 'MAIN.a', true],
    ['M*N*x', 'MAIN.yxx', true],
    ['M*N*x', 'MAIN.y', false],
    ['?A*', 'MAIN', true],
    ['M[A-Z]I[!x]', 'MAIN', true],
    ['M[^A]IN', 'MAIN', false],
    ['[[:alpha:]]?IN', 'MAIN', true],
    ['[[:digit:]]*', 'MAIN', false],
    ['[]a]x', ']x', true],
    ['[a', '[a', true],
    ['\\*', '*', true],
    ['\\*', 'a', false],
    ['main', 'MAIN', false],
    ['', '', true],
    ['*', '', true],
    ['a\\', 'a\\', true],
  ])('%s and %s: %s', (glob, text, expected) => {
    expect(compileGlob(glob)(text)).toBe(expected)
  })

  test('take no longer for many stars', () => {
    expect(compileGlob('*a'.repeat(40))('a'.repeat(39) + 'b'.repeat(5000))).toBe(false)
  })

  test.each([
    ['f=^MAIN*', 'LCK MGT'],
    ['X=MAIN*', 'LCK MGT'],
    ['X=MAIN* I=*', 'LCK MGT'],
    ['I=* X=MAIN*', 'LCK MAIN MGT'],
    ['I=MAIN* X=*', 'MAIN'],
    ['f=MGT* f=^*', 'MGT'],
    ['X=MAIN* I=MGT*', 'MGT'],
    ['j=', 'LCK MAIN MGT'],
  ])('%s: the first that fits decides', (options, expected) => {
    const given = options.split(' ').map((option) => ({ name: option[0], value: option.slice(2) }))
    expect(['LCK', 'MAIN', 'MGT'].filter(counterFilter(given)).join(' ')).toBe(expected)
  })
})

describe('the screen', () => {
  const SIZE = { rows: 14, columns: 110 }

  function screen(): { lines: (now_s: number) => string[]; view: StatView; main: CounterBlock; update: () => void } {
    const { path, main, update } = server()
    const { read } = reading(path)
    const samples = new Samples()
    const view = new StatView(samples, false)
    return {
      view,
      main,
      update,
      lines: (now_s) => {
        samples.add(read(), () => true, now_s, view.raw)
        return view.lines(SIZE).map(({ text }) => text.trimEnd())
      },
    }
  }

  test('is varnishstat’s', () => {
    const { lines, main, update } = screen()
    lines(1)
    set(main, MAIN.cache_hit, 36)
    set(main, MAIN.cache_miss, 12)
    update()
    expect(lines(3).slice(0, 9)).toEqual([
      'Uptime mgt:      1+01:01:01                                              Hitrate n:        2        2        2',
      'Uptime child:    0+00:03:20                                                 avg(n):   0.3750   0.3750   0.3750',
      'Press <h> to toggle help screen',
      '    NAME                        CURRENT        CHANGE       AVERAGE        AVG_10       AVG_100      AVG_1000',
      'MGT.uptime                   1+01:01:01',
      'MAIN.uptime                  0+00:03:20',
      'MAIN.cache_hit                       36          3.00          0.18          3.00          3.00          3.00',
      'MAIN.cache_miss                      12          1.00          0.06          1.00          1.00          1.00',
      'MAIN.s_resp_bodybytes              4.66G         0.00         23.84M         0.00          0.00          0.00',
    ])
  })

  test('shows what is selected, and goes on with the keys', () => {
    const { lines, view } = screen()
    expect(lines(1)[10]).toMatch(/^ {4}MGT\.uptime +INFO {2}1-6\/6$/)
    view.key('d', SIZE)
    view.key('v', SIZE)
    view.key('G', SIZE)
    const last = lines(2)
    expect(last[10]).toMatch(/^ {4}VBE\.boot\.a\.\S+ +UNSEEN {2}DIAG {2}\d+-(\d+)\/\1$/)
    expect(last[3]).toMatch(/^\^\^\^ NAME/)
    view.key('g', SIZE)
    view.key('pagedown', SIZE)
    view.key('up', SIZE)
    expect(lines(3)[10]).toMatch(/^vvv MGT\.child_panic +UNSEEN {2}DIAG {2}6-11/)
    view.key('e', SIZE)
    view.key('d', SIZE)
    expect(lines(4).some((line) => line.includes('5000000000 '))).toBe(true)
  })

  test('has help, quits, and looks when it is told to', () => {
    const { lines, view } = screen()
    view.key('h', SIZE)
    expect(lines(1).join('\n')).toContain('UP, k / DOWN, j\n    A line up or down')
    expect([view.key('q', SIZE), view.key('ctrl-t', SIZE), view.key('other', SIZE)]).toEqual(['quit', 'sample', undefined])
    view.key('+', SIZE)
    expect(view.interval_s).toBeCloseTo(1.1)
    for (let i = 0; i < 30; i++) view.key('-', SIZE)
    expect(view.interval_s).toBeCloseTo(0.1)
  })

  test.each([
    [1, 1],
    [3, 10],
    [9, 24],
    [200, 300],
  ])('of %i rows and %i columns', (rows, columns) => {
    const { lines, view } = screen()
    lines(1)
    for (const key of ['d', 'V', 'v', 'v', 'G', 'k', 'h', 'h']) {
      view.key(key, { rows, columns })
      const shown = view.lines({ rows, columns })
      // Below nine rows what there is of them is too much, and the screen cuts it off.
      expect(shown.length).toBeLessThanOrEqual(Math.max(9, rows))
      if (columns > 70) for (const { text } of shown) expect(text.length).toBeLessThanOrEqual(columns)
    }
  })

  test('without a server it says so', () => {
    const samples = new Samples()
    samples.add([], () => true, 1, false)
    expect(new StatView(samples, false).lines(SIZE)[0].text).toBe(
      `Uptime mgt:   (Not running)${' '.repeat(46)}Hitrate n:        0        0        0`,
    )
  })
})
