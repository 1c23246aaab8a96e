import { describe, expect, test } from 'vitest'
import { Dynamic, type Naming, type Opener } from '../../../../src/origin/directors/dynamic.ts'
import { Acl } from '../../../../src/vcl/runtime/acl.ts'
import type { BackendDeclaration } from '../../../../src/vcl/runtime/context.ts'
import type { DynamicOptions } from '../../../../src/vcl/runtime/directors.ts'

const OPTIONS: DynamicOptions = {
  port: 'http',
  host_header: undefined,
  probe: undefined,
  whitelist: undefined,
  ttl_s: 3600,
  ttl_from: 'cfg',
  connect_timeout_s: undefined,
  first_byte_timeout_s: undefined,
  between_bytes_timeout_s: undefined,
  domain_usage_timeout_s: 7200,
  max_connections: 0,
  proxy_header: 0,
  via: undefined,
  authority: undefined,
  wait_timeout_s: undefined,
  wait_limit: undefined,
  tls: false,
}

/** What a director opens and closes. */
function director(more: Partial<DynamicOptions> = {}) {
  const opened: BackendDeclaration[] = []
  const closed: string[] = []
  let naming: Naming | undefined
  const opener: Opener = {
    director: (asked) => {
      naming = asked
      return {
        open: (declared) => {
          opened.push(declared)
          return { name: declared.name, healthy: true }
        },
      }
    },
    close: ({ name }) => void closed.push(name),
  }
  const made = new Dynamic('d', { ...OPTIONS, ...more }, opener)
  return { made, opened, closed, naming: naming! }
}

describe('a backend for each host and port', () => {
  test('once, whatever the case', () => {
    const { made, opened } = director()
    const first = made.backend('www.Example.com', undefined, 0)
    expect(first?.name).toBe('d(www.example.com:80)')
    expect(made.backend('WWW.example.com', 'http', 1)).toBe(first)
    expect(made.backend('www.example.com', '8080', 1)).not.toBe(first)
    expect(made.backend('[::1]', '81', 1)?.name).toBe('d(::1:81)')
    expect(opened.map(({ host, port }) => `${host} ${port}`)).toEqual(['www.example.com 80', 'www.example.com 8080', '::1 81'])
  })

  test.each([
    ['no host', '', undefined],
    ['two', 'a b', undefined],
    ['a URL', 'http://a', undefined],
    ['a path', 'a/b', undefined],
    ['one that is too long', 'a'.repeat(254), undefined],
    ['a control character', 'a\r\nb', undefined],
    ['no port', 'a', 'gopherish'],
    ['port 0', 'a', '0'],
    ['port 70000', 'a', '70000'],
  ])('%s', (_title, host, port) => {
    const { made, opened } = director()
    expect(made.backend(host, port, 0)).toBeUndefined()
    expect(opened).toEqual([])
  })

  test('what it is told of backends holds for all of them', () => {
    const given = { host_header: 'h', connect_timeout_s: 1, max_connections: 5, proxy_header: 2, tls: true, authority: 'a', wait_limit: 3 }
    const { made, opened } = director({ ...given, port: '443' })
    made.backend('a', undefined, 0)
    expect(opened[0]).toMatchObject({ ...given, name: 'd(a:443)', path: undefined, via: undefined, probe: undefined })
  })

  test('through another one', () => {
    const via = Object.assign({ name: 'proxy', healthy: true }, { spec: { host: undefined, port: 80, path: '/run/proxy', none: false } })
    const { made, opened } = director({ via })
    made.backend('a', undefined, 0)
    expect(opened[0]).toMatchObject({ via: 'proxy', through: { path: '/run/proxy' } })
    expect(() => director({ via: { name: 'other', healthy: true } })).toThrow('d: via must be a backend with an address')
  })
})

describe('what is not used is given up', () => {
  test('after domain_usage_timeout, when another one is wanted', () => {
    const { made, closed } = director({ domain_usage_timeout_s: 100 })
    made.backend('a', undefined, 0)
    made.backend('b', undefined, 0)
    made.backend('a', undefined, 90)
    made.backend('c', undefined, 101)
    expect(closed).toEqual(['d(b:80)'])
    made.backend('d', undefined, 191)
    expect(closed).toEqual(['d(b:80)', 'd(a:80)'])
  })

  test('beyond 256 the one that was used longest ago', () => {
    const { made, opened, closed } = director()
    for (let i = 0; i < 256; i++) made.backend(`h${i}`, undefined, i)
    made.backend('h0', undefined, 300)
    for (let i = 256; i < 1256; i++) made.backend(`h${i}`, undefined, 300 + i)
    expect(opened.length - closed.length).toBe(256)
    expect(closed.slice(0, 2)).toEqual(['d(h1:80)', 'd(h2:80)'])
  })
})

test('a whitelist', () => {
  const whitelist = new Acl('a', [
    { negated: false, bytes: [10, 0, 0, 0], mask_bits: 8, text: '"10.0.0.0"/8' },
    { negated: true, bytes: [10, 1, 0, 0], mask_bits: 16, text: '! "10.1.0.0"/16' },
  ])
  const { allows } = director({ whitelist }).naming
  expect(['10.0.0.1', '10.1.0.1', '192.0.2.1', '::1'].map(allows!)).toEqual([true, false, false, false])
  expect(director().naming.allows).toBeUndefined()
})

test.each<[DynamicOptions['ttl_from'], number, number, number]>([
  ['cfg', 60_000, 60_000, 60_000],
  ['dns', 10_000, 600_000, 60_000],
  ['min', 10_000, 60_000, 60_000],
  ['max', 60_000, 600_000, 60_000],
])('ttl_from=%s, of 60 s: DNS says 10 s, 600 s, nothing', (ttl_from, short, long, untold) => {
  const { keep } = director({ ttl_s: 60, ttl_from }).naming
  expect([keep(10_000), keep(600_000), keep(undefined)]).toEqual([short, long, untold])
})
