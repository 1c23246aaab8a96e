import { expect } from 'vitest'
import type { OriginScript } from '../../kit/origin.ts'
import { type Promises, site, visitor } from './example.ts'

const HANDSHAKE = [
  'Upgrade: websocket',
  'Connection: keep-alive, Upgrade',
  'Sec-WebSocket-Key: x3JJHMbDL1EzLkh9GBhXDw==',
  'Sec-WebSocket-Version: 13',
]

async function echo(s: OriginScript): Promise<void> {
  await s.rx({ start: 'GET /ws/chat HTTP/1.1', fields: { Upgrade: 'websocket', Connection: /^upgrade$/i, 'Sec-WebSocket-Version': '13' } })
  s.tx('HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket', 'Connection: Upgrade')
  s.raw(await s.rxbytes(4))
}

export const websocketPipe: Promises = {
  'A WebSocket handshake on /ws is piped: both sides then talk unseen until one of them ends it.': async (t, rules) => {
    const sockets = await t.origin('sockets', async (s) => {
      await echo(s)
      s.raw('\x88\x00')
      s.close()
    })
    const v1 = await rules.start(t, { sockets })
    const c1 = await visitor(t, v1)
    c1.get('/ws/chat', ...HANDSHAKE)
    await c1.rxHead({ status: 101 })
    c1.raw('\x81\x02hi')
    expect(await c1.rxbytes(6)).toBe('\x81\x02hi\x88\x00')
    await c1.rxClosed()
    expect(v1.counters().s_pipe).toBe(1)
  },

  "The origin gets the handshake's own Upgrade and Connection.": async (t, rules) => {
    const sockets = await t.origin('sockets', echo)
    const c1 = await visitor(t, await rules.start(t, { sockets }))
    c1.get('/ws/chat', 'Origin: https://www.example.com', ...HANDSHAKE)
    await c1.rxHead({ status: 101, fields: { Upgrade: 'websocket', Connection: 'Upgrade' } })
    c1.raw('ping')
    expect(await c1.rxbytes(4)).toBe('ping')
  },

  'A handshake from a page of another site is answered 403.': async (t, rules) => {
    const sockets = await site(t)
    const v1 = await rules.start(t, { sockets: sockets.origin })
    for (const origin of ['https://evil.example', 'https://example.com.evil.example', 'https://notexample.com', 'null']) {
      const c1 = await visitor(t, v1)
      c1.get('/ws/chat', `Origin: ${origin}`, ...HANDSHAKE)
      await c1.rx({ status: 403 })
    }
    expect(sockets.origin.connections).toBe(0)
  },

  'A handshake elsewhere than on /ws is answered 403.': async (t, rules) => {
    const all = await site(t)
    const v1 = await rules.start(t, { site: all.origin, sockets: all.origin })
    for (const target of ['/', '/wsx', '/page?/ws']) {
      const c1 = await visitor(t, v1)
      c1.get(target, ...HANDSHAKE)
      await c1.rx({ status: 403 })
    }
    expect(all.origin.connections).toBe(0)
  },

  'Another protocol in Upgrade is ignored: the request is answered as if it had not asked.': async (t, rules) => {
    const s1 = await site(t, () => ['Cache-Control: max-age=60'])
    const v1 = await rules.start(t, { site: s1.origin })
    const c1 = await visitor(t, v1)
    await c1.ask('/', { status: 200, body: '1' }, 'Upgrade: h2c', 'Connection: Upgrade, HTTP2-Settings', 'HTTP2-Settings: AAMAAABkAAQ')
    await c1.ask('/', { status: 200, body: '1' })
    const [{ lines }] = s1.requests
    expect(lines.filter((line) => /^(?:upgrade|http2-settings):/i.test(line))).toEqual([])
  },

  'Nothing but a WebSocket handshake is ever piped.': async (t, rules) => {
    const s1 = await site(t)
    const v1 = await rules.start(t, { site: s1.origin, sockets: s1.origin })
    const c1 = await visitor(t, v1)
    c1.request('POST', '/ws/chat', ...HANDSHAKE, 'Content-Length: 0')
    await c1.rx({ status: 200 })
    await c1.ask('/ws/chat', { status: 200 }, 'Upgrade: websocket')
    await c1.ask('/ws/chat', { status: 200 }, 'Upgrade: websocket, h2c', 'Connection: Upgrade')
    c1.request('BREW', '/ws/chat', ...HANDSHAKE)
    await c1.rx({ status: 405 })
    expect(v1.counters().s_pipe).toBe(0)
  },

  'Pages are cached as usual.': async (t, rules) => {
    const s1 = await site(t, () => ['Cache-Control: max-age=60'])
    const c1 = await visitor(t, await rules.start(t, { site: s1.origin }))
    await c1.ask('/', { body: '1' })
    await c1.ask('/', { body: '1' })
  },
}
