import { createServer, type Server } from 'node:net'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { detailLines, listBackends } from '../../src/upkeep/health/backend-list.ts'
import { compileVcl } from '../../src/vcl/load.ts'
import type { Conversation } from '../kit/conversation.ts'
import { startCache, type TestCache } from '../kit/cache.ts'
import type { TestOrigin } from '../kit/origin.ts'
import { vtc } from '../kit/vtc.ts'

/** A backend that tests turn sick and well: its answer to a probe. Everybody else gets its name. */
async function patient(t: Conversation, name: string): Promise<TestOrigin & { status: string }> {
  const origin = await t.origin(name, (s) =>
    s.forever(async () => {
      const { request, tx } = await speak(s)
      if (!request.start.includes('/health')) s.answer(name)
      else {
        tx(`HTTP/1.1 ${state.status}`, 'Content-Length: 0', 'Connection: close')
        s.close()
      }
    }),
  )
  const state = Object.assign(origin, { status: '200 OK' })
  return state
}

async function speak(s: Parameters<Parameters<Conversation['origin']>[1]>[0]) {
  const { request } = await s.rx()
  return { request, tx: s.tx.bind(s) }
}

/** So many probes, one after the other. */
async function probe(t: Conversation, v1: TestCache, times = 1): Promise<void> {
  for (let i = 0; i < times; i++) {
    const before = v1.events().length
    v1.advance(5000)
    v1.health.step()
    await t.until('a probe has come to its end', () => v1.events().length > before)
  }
}

function vcl(backends: string, rules = ''): string {
  return `vcl 4.1;\nimport std;\n${backends}\n${rules}`
}

function backendOf(name: string, port: number, probe = '{ .url = "/health"; }'): string {
  return `backend ${name} { .host = "127.0.0.1"; .port = "${port}"; .probe = ${probe} }`
}

const health = (v1: TestCache): string[] =>
  listBackends(v1.health).map(({ name, admin, good, window, health: state }) => `${name} ${admin} ${good}/${window} ${state}`)

describe('probes', () => {
  vtc('a backend begins sick, one good probe makes it well, and it answers', async (t) => {
    const s1 = await patient(t, 's1')
    const v1 = t.cache(await startCache({ vcl: vcl(backendOf('default', s1.port)) }))
    const c1 = await t.connect('c1', v1)
    await c1.ask('/', { status: 503 })
    expect(v1.log().find(({ tag }) => tag === 'FetchError')?.text).toBe('backend default: unhealthy')
    expect(v1.counters()).toMatchObject({
      backend_unhealthy: 1,
      'VBE.boot.default.unhealthy': 1,
      'VBE.boot.default.happy': 3,
      'VBE.boot.default.up': 0,
    })
    expect(health(v1)).toEqual(['boot.default probe 2/8 sick'])
    await probe(t, v1)
    await c1.ask('/', { status: 200, body: 's1' })
    expect(health(v1)).toEqual(['boot.default probe 3/8 healthy'])
    expect(v1.counters()).toMatchObject({ 'VBE.boot.default.happy': 7, 'VBE.boot.default.up': 1 })
  })

  vtc('it is sick when too few of the window were good, and well again when enough are; each change is told once', async (t) => {
    const s1 = await patient(t, 's1')
    const v1 = t.cache(await startCache({ vcl: vcl(backendOf('default', s1.port, '{ .url = "/health"; .window = 3; .threshold = 2; }')) }))
    await probe(t, v1, 3)
    s1.status = '503 Service Unavailable'
    await probe(t, v1, 1)
    expect(health(v1)).toEqual(['boot.default probe 2/3 healthy'])
    await probe(t, v1, 2)
    expect(health(v1)).toEqual(['boot.default probe 0/3 sick'])
    s1.status = '200 OK'
    await probe(t, v1, 2)
    expect(health(v1)).toEqual(['boot.default probe 2/3 healthy'])
    expect(v1.events().map((text) => text.replace(/ [0-9.]+ [0-9.]+ "/, ' "'))).toEqual([
      'Backend_health default Went sick -------H 1 2 3 ""',
      'Backend_health default Went healthy 4---X-RH 2 2 3 "HTTP/1.1 200 OK"',
      'Backend_health default Still healthy 4---X-RH 3 2 3 "HTTP/1.1 200 OK"',
      'Backend_health default Still healthy 4---X-RH 3 2 3 "HTTP/1.1 200 OK"',
      'Backend_health default Still healthy 4---X-R- 2 2 3 "HTTP/1.1 503 Service Unavailable"',
      'Backend_health default Went sick 4---X-R- 1 2 3 "HTTP/1.1 503 Service Unavailable"',
      'Backend_health default Still sick 4---X-R- 0 2 3 "HTTP/1.1 503 Service Unavailable"',
      'Backend_health default Still sick 4---X-RH 1 2 3 "HTTP/1.1 200 OK"',
      'Backend_health default Went healthy 4---X-RH 2 2 3 "HTTP/1.1 200 OK"',
    ])
    expect(v1.complaints).toEqual([
      'backend boot.default is healthy: 2 of the last 3 probes were good, 2 must be; the last one: HTTP/1.1 200 OK',
      'backend boot.default is sick: 1 of the last 3 probes were good, 2 must be; the last one: HTTP/1.1 503 Service Unavailable',
      'backend boot.default is healthy: 2 of the last 3 probes were good, 2 must be; the last one: HTTP/1.1 200 OK',
    ])
  })

  vtc('what is sent: the url with the host_header, or the lines of .request, PROXY headers first', async (t) => {
    const heard: string[] = []
    const server = createServer((socket) => {
      socket.on('error', () => {})
      socket.on('data', (data) => {
        heard.push(data.toString('latin1'))
        if (data.includes('\r\n\r\n')) socket.end('HTTP/1.0 200 OK\r\n\r\n')
      })
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    t.cache({ close: () => void server.close() })
    const at = `.host = "127.0.0.1"; .port = "${(server.address() as { port: number }).port}";`
    const rules = [
      `backend a { ${at} .host_header = "a.example"; .probe = { .url = "/a"; } }`,
      `backend b { ${at} .probe = { .request = "HEAD /b HTTP/1.1" "Host: b" "Connection: close"; } }`,
      `backend c { ${at} .proxy_header = 1; .probe = { .url = "/c"; } }`,
      'sub vcl_recv { set req.backend_hint = b; set req.backend_hint = c; }',
    ]
    const v1 = t.cache(await startCache({ vcl: vcl(rules.join('\n')) }))
    v1.health.step()
    await t.until('all have been probed', () => v1.events().length === 6)
    expect(heard.toSorted().join('|')).toBe(
      'GET /a HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n|HEAD /b HTTP/1.1\r\nHost: b\r\nConnection: close\r\n\r\n|' +
        'PROXY UNKNOWN\r\nGET /c HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n',
    )
    expect(health(v1)).toEqual(['boot.a probe 3/8 healthy', 'boot.b probe 3/8 healthy', 'boot.c probe 3/8 healthy'])
  })

  vtc('a unix socket', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'lacquer-probe-'))
    const server = answering('HTTP/1.1 200 OK\r\n\r\n').listen(join(folder, 's'))
    await once(server, 'listening')
    t.cache({ close: () => (server.close(), rmSync(folder, { recursive: true })) })
    const v1 = t.cache(await startCache({ vcl: vcl(`backend u { .path = "${folder}/s"; .probe = { } }`) }))
    await probe(t, v1)
    expect(v1.events().at(-1)).toContain('u Went healthy --U-X-RH 3 3 8')
  })

  // The right column is what varnishd 7.1 has logged for the same answers.
  const ANSWERS: [string, string, string][] = [
    ['another status', 'HTTP/1.1 404 Not Found\r\n\r\n', '4---X-R- 2 3 8 "HTTP/1.1 404 Not Found"'],
    ['no reason', 'HTTP/1.1 200\r\n\r\n', '4---X-RH 3 3 8 "HTTP/1.1 200"'],
    ['a line that ends with LF', 'HTTP/1.0 200 OK\n\n', '4---X-RH 3 3 8 "HTTP/1.0 200 OK"'],
    ['a version without a point', 'HTTP/1 200 OK\n\n', '4---X-RH 3 3 8 "HTTP/1 200 OK"'],
    ['spaces', 'HTTP/1.1   200   OK\n\n', '4---X-RH 3 3 8 "HTTP/1.1   200   OK"'],
    ['lower case', 'http/1.1 200 OK\n\n', '4---X-R- 2 3 8 "http/1.1 200 OK"'],
    ['2000', 'HTTP/1.1 2000 OK\n\n', '4---X-R- 2 3 8 "HTTP/1.1 2000 OK"'],
    ['200x', 'HTTP/1.1 200x OK\n\n', '4---X-RH 3 3 8 "HTTP/1.1 200x OK"'],
    ['nothing', '', '4---X--- 2 3 8 "Empty response"'],
    ['a long line', `HTTP/1.1 200 OK${'a'.repeat(400)}\r\n\r\n`, `4---X-RH 3 3 8 "HTTP/1.1 200 OK${'a'.repeat(112)}"`],
    ['what is not HTTP', 'x'.repeat(500), `4---X-R- 2 3 8 "${'x'.repeat(127)}"`],
    ['bytes that are not to be printed', 'HTTP/1.1 200 \0\x1b[2J"\xff\r\n', '4---X-RH 3 3 8 "HTTP/1.1 200 ..[2J"."'],
  ]
  for (const [title, answer, expected] of ANSWERS) {
    vtc(`an answer: ${title}`, async (t) => {
      const server = answering(answer).listen(0, '127.0.0.1')
      await once(server, 'listening')
      t.cache({ close: () => void server.close() })
      const v1 = t.cache(await startCache({ vcl: vcl(backendOf('default', (server.address() as { port: number }).port)) }))
      await probe(t, v1)
      expect(
        v1
          .events()
          .at(-1)
          ?.replace(/^Backend_health default (?:Went|Still) (?:healthy|sick) /, '')
          .replace(/ [0-9.]+ [0-9.]+ "/, ' "'),
      ).toBe(expected)
    })
  }

  vtc('nobody listens', async (t) => {
    const s1 = await patient(t, 's1')
    const { port } = s1
    await s1.down()
    const v1 = t.cache(await startCache({ vcl: vcl(backendOf('default', port)) }))
    await probe(t, v1)
    expect(v1.events().at(-1)).toBe(
      'Backend_health default Still sick -------- 2 3 8 0.000000 0.000000 "Open error 111 (Connection refused)"',
    )
  })

  vtc('whoever hangs is given up after .timeout, and is not asked again before', async (t) => {
    const server = createServer((socket) => void socket.on('error', () => {})).listen(0, '127.0.0.1')
    let connections = 0
    server.on('connection', () => connections++)
    await once(server, 'listening')
    t.cache({ close: () => void server.close() })
    const { port } = server.address() as { port: number }
    const v1 = t.cache(await startCache({ vcl: vcl(backendOf('default', port, '{ .timeout = 0.2s; .interval = 1s; }')) }))
    const before = v1.events().length
    for (let i = 0; i < 100; i++) {
      v1.advance(1000)
      v1.health.step()
    }
    await t.until('it is given up', () => v1.events().length > before)
    expect(connections).toBe(1)
    expect(v1.events().at(-1)).toBe(
      'Backend_health default Still sick 4---Xr-- 2 3 8 0.000000 0.000000 "Poll error 110 (Connection timed out)"',
    )
  })

  vtc('an answer without end is judged by its first line, after a mebibyte', async (t) => {
    const server = createServer((socket) => {
      socket.on('error', () => {})
      const flood = () => void (socket.writable && socket.write('HTTP/1.1 200 OK\r\n'.repeat(4096), flood))
      socket.once('data', flood)
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    t.cache({ close: () => void server.close() })
    const v1 = t.cache(await startCache({ vcl: vcl(backendOf('default', (server.address() as { port: number }).port)) }))
    await probe(t, v1)
    expect(v1.events().at(-1)).toContain('Went healthy 4---X-RH 3 3 8')
  })

  vtc('.expect_close = false: the answer counts although the connection stays', async (t) => {
    const server = createServer((socket) => {
      socket.on('error', () => {})
      socket.once('data', () => void socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'))
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    t.cache({ close: () => void server.close() })
    const { port } = server.address() as { port: number }
    const v1 = t.cache(await startCache({ vcl: vcl(backendOf('default', port, '{ .expect_close = false; }')) }))
    await probe(t, v1)
    expect(health(v1)).toEqual(['boot.default probe 3/8 healthy'])
  })

  // Neither ends its line, and neither closes.
  for (const [answer, expected] of [
    ['HTTP/1.1 200 OK', 'Went healthy 4---X-RH 3 3 8'],
    [`HTTP/1.1 200 ${'a'.repeat(300)}`, 'Went healthy 4---X-RH 3 3 8'],
    ['', 'Still sick 4---Xr-- 2 3 8'],
  ]) {
    vtc(`.expect_close = false, and an answer of ${answer.length} bytes without an end`, async (t) => {
      const server = createServer((socket) => {
        socket.on('error', () => {})
        socket.once('data', () => void socket.write(answer))
      }).listen(0, '127.0.0.1')
      await once(server, 'listening')
      t.cache({ close: () => void server.close() })
      const { port } = server.address() as { port: number }
      const v1 = t.cache(await startCache({ vcl: vcl(backendOf('default', port, '{ .expect_close = false; .timeout = 0.2s; }')) }))
      await probe(t, v1)
      expect(v1.events().at(-1)).toContain(`default ${expected} `)
    })
  }

  vtc('rules that are replaced: their probes end, what is under way is not waited for', async (t) => {
    const s1 = await patient(t, 's1')
    const v1 = t.cache(await startCache({ vcl: vcl(backendOf('default', s1.port)) }))
    await probe(t, v1)
    const asked = s1.seen.length
    v1.health.remove('boot')
    v1.advance(60_000)
    expect(v1.health.step()).toBe(Infinity)
    expect(s1.seen.length).toBe(asked)
    expect(health(v1)).toEqual([])
    // Requests that began with them still see what was last known.
    const c1 = await t.connect('c1', v1)
    await c1.ask('/', { body: 's1' })
  })
})

describe('a reload', () => {
  vtc('what was known of a backend is known to rules that leave its address and its probe as they were', async (t) => {
    const s1 = await patient(t, 's1')
    const declared = (text: string) => {
      const compiled = compileVcl(vcl(text), { path: 'reload.vcl', policy: 'varnish', vcl_path: [] })
      if (!compiled.ok) throw new Error(compiled.text)
      return compiled.program.backends
    }
    const v1 = t.cache(await startCache({ vcl: vcl(backendOf('default', s1.port)) }))
    await probe(t, v1, 2)
    const first = () => health(v1).at(-1)
    v1.health.add('same', declared(backendOf('other', s1.port)))
    expect(first()).toBe('same.other probe 4/8 healthy')
    v1.health.add('probed', declared(backendOf('default', s1.port, '{ .url = "/else"; }')))
    expect(first()).toBe('probed.default probe 2/8 sick')
    v1.health.add('elsewhere', declared(backendOf('default', s1.port + 1)))
    expect(first()).toBe('elsewhere.default probe 2/8 sick')
    // Each learns for itself from then on.
    v1.health.remove('boot')
    v1.health.add('boot', declared(backendOf('default', s1.port)))
    expect(first()).toBe('boot.default probe 4/8 healthy')
  })
})

describe('what an operator says', () => {
  vtc('sick, healthy, and back to what the probe says', async (t) => {
    const s1 = await patient(t, 's1')
    const v1 = t.cache(await startCache({ vcl: vcl(backendOf('default', s1.port)) }))
    const c1 = await t.connect('c1', v1)
    const set = (admin: 'probe' | 'healthy' | 'sick') => v1.health.setAdmin(() => true, admin)
    expect(set('healthy')).toEqual(['boot.default'])
    await c1.ask('/', { status: 200 })
    expect(health(v1)).toEqual(['boot.default healthy 2/8 healthy'])
    set('sick')
    await c1.ask('/a', { status: 503 })
    await probe(t, v1)
    await c1.ask('/a', { status: 503 })
    expect(health(v1)).toEqual(['boot.default sick 3/8 sick'])
    expect(v1.counters()['VBE.boot.default.up']).toBe(0)
    v1.health.pause('boot')
    expect(v1.counters()['VBE.boot.default.up']).toBe(1)
    v1.health.resume('boot')
    expect(v1.counters()['VBE.boot.default.up']).toBe(0)
    const changed_s = listBackends(v1.health)[0].last_change_s
    v1.advance(1000)
    set('probe')
    await c1.ask('/a', { status: 200 })
    expect(listBackends(v1.health)[0].last_change_s).toBe(changed_s + 6)
    expect(v1.complaints).toEqual([
      'backend boot.default is healthy: an operator has set it to healthy',
      'backend boot.default is sick: an operator has set it to sick',
      'backend boot.default is healthy: 3 of the last 8 probes were good, 3 must be; the last one: HTTP/1.1 200 OK',
      'backend boot.default is healthy: an operator has set it to probe',
    ])
  })

  vtc('a list as backend.list -p has it', async (t) => {
    const s1 = await patient(t, 's1')
    const rules = `${backendOf('a', s1.port)} backend b { .host = "127.0.0.1"; } backend c none; sub vcl_recv { set req.backend_hint = b; set req.backend_hint = c; }`
    const v1 = t.cache(await startCache({ vcl: vcl(rules) }))
    await probe(t, v1, 2)
    expect(health(v1)).toEqual(['boot.a probe 4/8 healthy', 'boot.b healthy 0/0 healthy'])
    const [{ details }] = listBackends(v1.health)
    const lines = detailLines({ ...details!, average_s: 0.000839 })
    expect(lines.join('\n')).toBe(
      [
        ' Current states  good:  4 threshold:  3 window:  8',
        '  Average response time of good probes: 0.000839',
        '  Oldest ================================================== Newest',
        `  ${'-'.repeat(62)}44 Good IPv4`,
        `  ${'-'.repeat(62)}XX Good Xmit`,
        `  ${'-'.repeat(62)}RR Good Recv`,
        `  ${'-'.repeat(60)}HHHH Happy`,
      ].join('\n'),
    )
  })
})

/** Answers each request with these bytes, and closes. */
function answering(bytes: string): Server {
  return createServer((socket) => {
    socket.on('error', () => {})
    socket.once('data', () => void socket.end(bytes, 'latin1'))
  })
}
