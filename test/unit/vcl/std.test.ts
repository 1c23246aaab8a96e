import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { Fields } from '../../../src/http/fields.ts'
import { VclFailure } from '../../../src/vcl/runtime/failure.ts'
import { std } from '../../../src/vcl/vmods/std.ts'
import type { VmodLoad } from '../../../src/vcl/vmods/vmod.ts'
import { querySort } from '../../../src/vcl/vmods/std/text.ts'
import { randomFrom } from '../../fuzz/generate.ts'
import { FakeContext, fakeHost, load } from '../../kit/fake-context.ts'
import { cpu_ms } from '../../kit/cpu-time.ts'

// What std answers to given arguments is in test/vcl/expressions.json; here is what it does to its context.

const LOAD: VmodLoad = { syntax: 40, vcl_path: [] }

function call(name: string, c: unknown, ...args: unknown[]): unknown {
  const fn = std.functions[name]
  const impl = (fn.bind === undefined ? fn.impl : fn.bind(LOAD)) as (c: unknown, ...args: unknown[]) => unknown
  return impl(c, ...args)
}

describe('the table', () => {
  test('holds every function of 7.1 and those of 8.0, or says why not', () => {
    const documented =
      'random round collect querysort toupper tolower strstr fnmatch fileread blobread file_exists healthy port duration bytes integer ip ' +
      'real time strftime log syslog timestamp syntax getenv cache_req_body late_100_continue set_ip_tos rollback ban ban_error now ' +
      'timed_call rfc_ttl real2integer real2time time2integer time2real'
    const known = [...Object.keys(std.functions), ...Object.keys(std.unsupported)]
    expect(known.toSorted()).toEqual(documented.split(' ').toSorted())
  })

  test.each(Object.entries(std.functions))('%s: every argument has its own name, impl takes no more, and there is prose', (_name, fn) => {
    const names = fn.args.map((one) => one.name)
    expect(new Set(names).size).toBe(names.length)
    expect(fn.doc.length).toBeGreaterThan(10)
    expect(fn.impl.length).toBeLessThanOrEqual(fn.args.length + 1)
  })
})

describe('collect', () => {
  test.each([
    [['a: 1', 'b: 2', 'A: 3', 'a: 4'], ', ', 'a: 1, 3, 4 | b: 2'],
    [['a: 1', 'a: 2'], ';', 'a: 1;2'],
    [['a: 1', 'b: 2'], ', ', 'a: 1 | b: 2'],
    [['b: 2'], ', ', 'b: 2'],
  ])('%j with %j', (lines, separator, expected) => {
    const fields = new Fields()
    for (const line of lines) fields.append(...(line.split(': ') as [string, string]))
    call('collect', new FakeContext(), { fields, name: 'A', key: 'a' }, separator)
    const shown = Array.from({ length: fields.count }, (_, i) => `${fields.names[i]}: ${fields.values[i]}`)
    expect(shown.join(' | ')).toBe(expected)
  })
})

test('what goes to the context: log, syslog, timestamp, rollback', () => {
  const seen: string[] = []
  const c = {
    vclLog: (text: string) => seen.push(`log ${text}`),
    syslog: (priority: number, text: string) => seen.push(`syslog ${priority} ${text}`),
    timestamp: (label: string) => seen.push(`timestamp ${label}`),
    rollback: () => seen.push('rollback'),
  }
  call('log', c, 'x')
  call('log', c, undefined)
  call('syslog', c, 9, 'y')
  call('timestamp', c, 'z')
  call('timestamp', c, undefined)
  call('rollback', c, {})
  expect(seen).toEqual(['log x', 'log ', 'syslog 9 y', 'timestamp z', 'rollback'])
})

describe('files', () => {
  const directory = mkdtempSync(join(tmpdir(), 'std-'))
  const path = join(directory, 'f.txt')
  writeFileSync(path, Buffer.from([0x61, 0xe9, 0x0a]))

  test('are read as bytes, once, and absolute or under vcl_path', () => {
    const read = std.functions.fileread.bind?.({ syntax: 41, vcl_path: ['/nope', directory] }) as unknown as (
      c: object,
      path: string,
    ) => string
    expect([read({}, path), read({}, 'f.txt')]).toEqual(['a\xe9\n', 'a\xe9\n'])
    writeFileSync(path, 'new')
    expect(read({}, path)).toBe('a\xe9\n')
    expect(call('fileread', {}, path)).toBe('new')
    expect(call('blobread', {}, path)).toEqual(Buffer.from('new'))
  })

  test.each([undefined, '/nope/x', '/tmp', 'a\0b', ''])('%j cannot be read: unset', (name) => {
    expect(call('fileread', {}, name)).toBeUndefined()
    expect(call('blobread', {}, name)).toEqual(new Uint8Array(0))
  })

  test('file_exists looks every time', () => {
    expect([call('file_exists', {}, path), call('file_exists', {}, '/nope/x'), call('file_exists', {}, undefined)]).toEqual([
      true,
      false,
      false,
    ])
    rmSync(directory, { recursive: true })
    expect(call('file_exists', {}, path)).toBe(false)
  })
})

describe('what fails the rules', () => {
  const c = { now: () => 0 }
  test.each<[string, unknown[]]>([
    ['integer', ['x']],
    ['integer', []],
    ['integer', ['1', 2, true]],
    ['real', ['x']],
    ['duration', ['10']],
    ['bytes', ['-1']],
    ['bytes', [undefined, undefined, -1]],
    ['time', ['yesterday']],
    ['ip', ['x', undefined, true]],
    ['fnmatch', [undefined, 'x', true, false, false]],
  ])('%s %j', (name, args) => {
    expect(() => call(name, c, ...args)).toThrow(VclFailure)
  })
})

test('syntax compares with the main file', () => {
  expect([4.0, 4.1].map((version) => call('syntax', {}, version))).toEqual([true, false])
})

test('random stays between its bounds', () => {
  for (let i = 0; i < 100; i++) {
    const value = call('random', {}, 3, 5) as number
    expect(value >= 3 && value < 5).toBe(true)
  }
})

test('healthy: an unset backend is not', () => {
  expect([
    call('healthy', {}, { name: 'b', healthy: true }),
    call('healthy', {}, { name: 'b', healthy: false }),
    call('healthy', {}, undefined),
  ]).toEqual([true, false, false])
})

test('fnmatch takes time in proportion, whatever the stars', () => {
  const matching = (): void => expect(call('fnmatch', {}, `${'*a'.repeat(500)}b`, 'a'.repeat(5000), false, false, false)).toBe(false)
  expect(cpu_ms(matching)).toBeLessThan(1000)
})

test.each(['[*', '[\\]', '[[:alpha:]', '[a-', '[!', 'a['])(
  'fnmatch takes time in proportion, whatever brackets %s are never closed',
  (part) => {
    const matching = (): void => expect(call('fnmatch', {}, part.repeat(20_000), 'boot', false, false, false)).toBe(false)
    expect(cpu_ms(matching)).toBeLessThan(3000)
  },
)

test('strftime knows weeks, ISO years and 12-hour clocks', () => {
  const impl = std.functions.strftime.impl as unknown as (c: object, time: number, format: string) => string
  const format = (iso: string, wanted: string) => impl({}, Date.parse(iso) / 1000, wanted)
  expect(format('2027-01-01T00:05:09Z', '%G-W%V-%u %U %W %j %I:%M:%S %p %y %C')).toBe('2026-W53-5 00 00 001 12:05:09 AM 27 20')
  expect(format('2024-12-30T13:00:00Z', '%G-W%V-%u %D %F %T %R %e %l %z %Z %n%t%%%q')).toBe(
    '2025-W01-1 12/30/24 2024-12-30 13:00:00 13:00 30  1 +0000 GMT \n\t%%q',
  )
})

describe('ban', () => {
  test('true when it was added; else false, and ban_error says why until the next one', () => {
    const c = new FakeContext()
    expect([call('ban', c, 'obj.status == 404'), call('ban_error', c), c.bans]).toEqual([true, '', ['obj.status == 404']])
    c.ban_outcome = 'no ban'
    expect([call('ban', c, 'x'), call('ban_error', c)]).toEqual([false, 'no ban'])
    c.ban_outcome = undefined
    expect([call('ban', c, undefined), call('ban_error', c), c.bans.at(-1)]).toEqual([true, '', undefined])
  })

  test('the statement goes on, whatever it came to, and writes an error to the log', () => {
    const vcl = load('sub vcl_recv { ban("req.url == " + req.url); set req.http.after = "yes"; return (pass); }')
    const c = new FakeContext()
    c.ban_outcome = 'no ban'
    vcl.subs.recv(c as never)
    expect([c.bans, c.errors, c.req.fields.get('after')]).toEqual([['req.url == /'], ['ban(): no ban'], 'yes'])
  })

  test('in vcl_init the host is asked', () => {
    const given: string[] = []
    load('sub vcl_init { ban("obj.status == 200"); return (ok); }', { ...fakeHost(), ban: (text) => void given.push(text) })
    expect(given).toEqual(['obj.status == 200'])
  })
})

describe('querysort', () => {
  const reference = (url: string): string => {
    const [path, query] = [url.slice(0, url.indexOf('?') + 1), url.slice(url.indexOf('?') + 1)]
    const parameters = query.split('&').filter((one) => one !== '')
    return path + parameters.sort().join('&')
  }

  test('what is in order already is the same text; everything else is put in order', () => {
    const random = randomFrom(20261126)
    const pieces = ['a', 'b', 'a=1', 'a=10', 'ab', '', '&', '&&', 'b=%', '\xff', 'A']
    const seen = { same: 0, sorted: 0 }
    for (let round = 0; round < 5000; round++) {
      const url = `/?${Array.from({ length: Math.floor(random() * 5) }, () => pieces[Math.floor(random() * pieces.length)]).join('&')}`
      const sorted = querySort(url)
      expect(sorted, url).toBe(reference(url))
      seen[sorted === url ? 'same' : 'sorted']++
    }
    expect(Math.min(seen.same, seen.sorted)).toBeGreaterThan(500)
  })
})
