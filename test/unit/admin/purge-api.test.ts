import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Guard, readToken } from '../../../src/admin/guard.ts'
import { PurgeApi, type Purging } from '../../../src/admin/purge-api.ts'
import type { PurgeOrder } from '../../../src/flow/purge-order.ts'
import { ManualClock } from '../../../src/base/clock.ts'
import { OperatorError } from '../../../src/base/errors.ts'
import { startMetricsServer, type MetricsServer, type MetricsSource } from '../../../src/counters/metrics-server.ts'

const TOKEN = 'correct-horse-battery'
const BEARER = `Authorization: Bearer ${TOKEN}`
const JSON_TYPE = 'Content-Type: application/json'

let clock: ManualClock
let server: MetricsServer
let asked: PurgeOrder[]
let lines: string[]
let purge: Purging

async function open(token: string | undefined, request_ms?: number): Promise<void> {
  clock = new ManualClock()
  asked = []
  lines = []
  purge = (one) => {
    asked.push(one)
    return Promise.resolve(12)
  }
  const tell = (level: string, line: string): void => void lines.push(`${level} ${line}`)
  const api = new PurgeApi({ guard: new Guard(token, clock), purge: (one) => purge(one), tell })
  const source: MetricsSource = {
    health: () => 'ready',
    metrics: () => Promise.resolve({ contentType: 'text/plain', text: 'x 1\n' }),
    others: api.handle,
  }
  server = await startMetricsServer('127.0.0.1', 0, source, request_ms)
}

beforeEach(() => open(TOKEN))
afterEach(() => server.close())

/** What comes back to these bytes until the connection ends. */
async function raw(bytes: string): Promise<string> {
  const socket = connect(server.port, '127.0.0.1')
  socket.on('error', () => {})
  socket.write(bytes, 'latin1')
  return await text(socket)
}

/** Status and body; and the head, for who looks at that. */
async function ask(body: string, ...head: string[]): Promise<{ status: number; body: string; head: string }> {
  const start = head[0]?.endsWith(' HTTP/1.1') ? [] : ['POST /purge HTTP/1.1']
  const length = head.some((line) => /^(?:content-length|transfer-encoding):/i.test(line))
    ? []
    : [`Content-Length: ${Buffer.byteLength(body)}`]
  const came = await raw([...start, ...head, 'Host: a', 'Connection: close', ...length, '', body].join('\r\n'))
  const end = came.indexOf('\r\n\r\n')
  return { status: Number(came.slice(9, 12)), head: came.slice(0, end), body: came.slice(end + 4) }
}

describe('with the token', () => {
  test('a purge is carried out, and said in the operations log', async () => {
    const answer = await ask('{"tag":"a"}', BEARER, JSON_TYPE)
    expect([answer.status, answer.body]).toEqual([200, '{"objects":12}\n'])
    expect(asked).toEqual([{ tags: ['a'] }])
    expect(lines).toEqual(['info purged by 127.0.0.1: tags a, 12 objects'])
    expect(answer.head).toMatch(/^cache-control: no-store/im)
  })

  test('a ban, too', async () => {
    const answer = await ask('{"ban":"obj.status == 404"}', BEARER, JSON_TYPE)
    expect([answer.status, answer.body]).toEqual([200, '{"banned":"obj.status == 404"}\n'])
    expect(lines).toEqual(['info banned by 127.0.0.1: obj.status == 404'])
  })

  test('by a form, and in chunks', async () => {
    expect((await ask('tag=a&soft=1', BEARER, 'Content-Type: application/x-www-form-urlencoded')).status).toBe(200)
    expect((await ask('6\r\n{"tag"\r\n5\r\n:"b"}\r\n0\r\n\r\n', BEARER, JSON_TYPE, 'Transfer-Encoding: chunked')).status).toBe(200)
    expect(asked.map(({ tags }) => tags)).toEqual([['a'], ['b']])
  })

  test.each<[number, string, string, string[]]>([
    [400, '{', 'the body is not JSON', [JSON_TYPE]],
    [400, '{"tag":"a\\r\\nSet-Cookie: x=1"}', 'a tag has a control character in it', [JSON_TYPE]],
    [405, '', 'only POST', ['GET /purge HTTP/1.1']],
    [405, '', 'only POST', ['DELETE /purge HTTP/1.1']],
    [413, 'x', 'at most 65536 bytes', [JSON_TYPE, 'Content-Length: 65537']],
    [413, 'x', 'at most 65536 bytes', [JSON_TYPE, 'Content-Length: 99999999999']],
    [415, 'tag=a', 'the Content-Type is to be application/json or application/x-www-form-urlencoded', ['Content-Type: text/plain']],
    [415, '{}', 'a Content-Encoding is not understood', [JSON_TYPE, 'Content-Encoding: gzip']],
  ])('%d for %j', async (status, body, error, head) => {
    const first = head[0].endsWith(' HTTP/1.1') ? [head[0], BEARER, ...head.slice(1)] : [BEARER, ...head]
    const answer = await ask(body, ...first)
    expect([answer.status, JSON.parse(answer.body)]).toEqual([status, { error }])
    if (status === 405) expect(answer.head).toMatch(/^allow: POST/im)
    expect(answer.head).not.toMatch(/set-cookie/i)
    expect(asked).toEqual([])
  })

  test('a body without end is cut off at the limit', async () => {
    const chunk = `10000\r\n${'x'.repeat(0x10000)}\r\n`
    const answer = await ask(chunk.repeat(3), BEARER, JSON_TYPE, 'Transfer-Encoding: chunked')
    expect(answer.status).toBe(413)
  })

  test('a request that never ends is ended, and others are answered meanwhile', async () => {
    await server.close()
    await open(TOKEN, 500)
    const slow = raw(`POST /purge HTTP/1.1\r\nHost: a\r\n${BEARER}\r\n${JSON_TYPE}\r\nContent-Length: 100\r\n\r\n{`)
    expect((await ask('{"tag":"a"}', BEARER, JSON_TYPE)).status).toBe(200)
    expect(await slow).toMatch(/^HTTP\/1\.1 408 |^$/)
    expect(asked.length).toBe(1)
  })

  test('a purge that cannot be carried out is 503, and says why', async () => {
    purge = () => Promise.reject(new Error('no worker serves'))
    const answer = await ask('{"tag":"a"}', BEARER, JSON_TYPE)
    expect([answer.status, answer.body]).toEqual([503, '{"error":"no worker serves"}\n'])
  })

  test('the other paths are as they were', async () => {
    expect((await ask('', 'GET /metrics HTTP/1.1')).body).toBe('x 1\n')
    expect((await ask('', 'GET /purge/ HTTP/1.1')).status).toBe(404)
    expect((await ask('', 'POST /metrics HTTP/1.1')).status).toBe(405)
  })
})

describe('without it', () => {
  test.each([
    [[]],
    [['Authorization: Bearer']],
    [['Authorization: Bearer wrong-horse-battery']],
    [[`Authorization: Bearer ${TOKEN}x`]],
    [[`Authorization: Bearer ${TOKEN.slice(1)}`]],
    [[`Authorization: Basic ${TOKEN}`]],
    [[`Authorization: Bearer ${TOKEN} ${TOKEN}`]],
    [[`X-Token: ${TOKEN}`]],
  ])('401: %j', async (head) => {
    const answer = await ask('{"tag":"a"}', ...head, JSON_TYPE)
    expect([answer.status, answer.body]).toEqual([401, '{"error":"send Authorization: Bearer and the token"}\n'])
    expect(answer.head).toMatch(/^www-authenticate: Bearer realm="lacquer"/im)
    expect(asked).toEqual([])
    expect(lines).toEqual(['warn POST /purge from 127.0.0.1 refused: send Authorization: Bearer and the token'])
  })

  test('it is asked for before anything else is said', async () => {
    expect((await ask('', 'GET /purge HTTP/1.1')).status).toBe(401)
    expect((await ask('{', 'Content-Type: text/plain')).status).toBe(401)
    expect((await ask('x', 'Content-Length: 99999999')).status).toBe(401)
  })

  test('after ten wrong ones that address waits, with the right one, too', async () => {
    for (let i = 0; i < 10; i++) expect((await ask('', 'Authorization: Bearer wrong')).status).toBe(401)
    const answer = await ask('{"tag":"a"}', BEARER, JSON_TYPE)
    expect([answer.status, answer.body]).toEqual([429, '{"error":"too many wrong tokens"}\n'])
    expect(answer.head).toMatch(/^retry-after: 60/im)
    clock.advance(59_000)
    expect((await ask('{"tag":"a"}', BEARER, JSON_TYPE)).status).toBe(429)
    clock.advance(1000)
    expect((await ask('{"tag":"a"}', BEARER, JSON_TYPE)).status).toBe(200)
  })
})

test('addresses that fail are not remembered without end, and do not keep each other out', () => {
  const guard = new Guard(TOKEN, new ManualClock())
  const from = (remoteAddress: string, authorization?: string) =>
    ({ headers: { authorization }, socket: { remoteAddress } }) as unknown as Parameters<Guard['admit']>[0]
  for (let i = 0; i < 20_000; i++) expect(() => guard.admit(from(`10.0.${i >> 8}.${i & 255}`))).toThrow('send Authorization')
  expect(guard['failures']['known'].size).toBe(1000)
  expect(() => guard.admit(from('192.0.2.1', `Bearer ${TOKEN}`))).not.toThrow()
})

describe('where no token is asked for', () => {
  beforeEach(async () => {
    await server.close()
    await open(undefined)
  })

  test('a purge is carried out', async () => {
    expect((await ask('{"tag":"a"}', JSON_TYPE)).status).toBe(200)
  })

  test.each(['Origin: http://evil.example', 'Origin: null', 'Sec-Fetch-Site: cross-site'])('a web page’s is not: %s', async (line) => {
    const answer = await ask('tag=a', line, 'Content-Type: application/x-www-form-urlencoded')
    expect([answer.status, answer.body]).toEqual([403, '{"error":"not from a web page"}\n'])
    expect(asked).toEqual([])
  })
})

describe('the file of the token', () => {
  const folder = mkdtempSync(join(tmpdir(), 'lacquer-token-'))
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  test.each<[string, string | undefined]>([
    [`${TOKEN}\n`, TOKEN],
    [`${TOKEN}\r\nanother line\n`, TOKEN],
    ['too-short\n', undefined],
    ['', undefined],
    [`with a space ${TOKEN}`, undefined],
    [`\n${TOKEN}`, undefined],
  ])('%j', (content, expected) => {
    const path = join(mkdtempSync(join(tmpdir(), 'lacquer-token-')), 'token')
    writeFileSync(path, content)
    if (expected !== undefined) expect(readToken(path)).toBe(expected)
    else expect(() => readToken(path)).toThrow(OperatorError)
    rmSync(path)
  })

  test('one that is not there', () => {
    expect(() => readToken('/nowhere/token')).toThrow(new OperatorError('--purge-api /nowhere/token: there is no such file'))
  })
})
