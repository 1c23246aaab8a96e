import { describe, expect } from 'vitest'
import { startCache } from '../kit/cache.ts'
import { vtc } from '../kit/vtc.ts'

describe('pipes', () => {
  const WEBSOCKET = 'sub vcl_recv { if (req.http.Upgrade ~ "(?i)websocket") { return (pipe); } }'
  const UPGRADE = ['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Key: x']

  vtc('a WebSocket works through return (pipe)', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rx({ start: 'GET /ws HTTP/1.1', fields: { Upgrade: 'websocket', Connection: /upgrade/i } })
      s.tx('HTTP/1.1 101 Switching Protocols', 'Connection: Upgrade', 'Upgrade: websocket')
      expect(await s.rxbytes(4)).toBe('ping')
      s.raw('pong')
      s.close()
    })
    const v1 = t.cache(await startCache({ origin: s1, vcl: WEBSOCKET }))
    const c1 = await t.connect('c1', v1)
    c1.get('/ws', ...UPGRADE)
    await c1.rx({ status: 101, fields: { Upgrade: 'websocket' } })
    c1.raw('ping')
    expect(await c1.rxbytes(4)).toBe('pong')
    await c1.rxClosed()
    expect(v1.counters()).toMatchObject({ s_pipe: 1, s_pipe_in: 4, 'VBE.boot.default.pipe_out': 4 })
    const { s_pipe_hdrbytes, 'VBE.boot.default.pipe_hdrbytes': sent, 'VBE.boot.default.pipe_in': received } = v1.counters()
    expect(s_pipe_hdrbytes).toBe(['GET /ws HTTP/1.1', 'Host: example.com', ...UPGRADE, '', ''].join('\r\n').length)
    expect(sent).toBeGreaterThan(s_pipe_hdrbytes)
    expect(received).toBe('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\npong'.length)
  })

  vtc('what the client sent behind the head goes through the pipe first', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rx()
      s.tx('HTTP/1.1 101 Switching Protocols', 'Connection: Upgrade', 'Upgrade: websocket')
      expect(await s.rxbytes(5)).toBe('early')
      s.close()
    })
    const c1 = await t.connect('c1', t.cache(await startCache({ origin: s1, vcl: WEBSOCKET })))
    c1.raw(`GET /ws HTTP/1.1\r\nHost: a\r\n${UPGRADE.join('\r\n')}\r\n\r\nearly`)
    await c1.rx({ status: 101 })
    await c1.rxClosed()
  })

  vtc('when the client leaves, the origin connection ends', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rx()
      s.tx('HTTP/1.1 101 Switching Protocols', 'Connection: Upgrade', 'Upgrade: websocket')
      await s.rxClosed()
    })
    const c1 = await t.connect('c1', t.cache(await startCache({ origin: s1, vcl: WEBSOCKET })))
    c1.get('/ws', ...UPGRADE)
    await c1.rx({ status: 101 })
    c1.close()
  })

  vtc('bereq.task_deadline ends a pipe, however much is said in it', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rx()
      s.tx('HTTP/1.1 101 Switching Protocols', 'Connection: Upgrade', 'Upgrade: websocket')
      await s.rxClosed()
    })
    const vcl = `${WEBSOCKET} sub vcl_pipe { set bereq.task_deadline = 200ms; set bereq.http.X-Left = bereq.task_deadline; }`
    const v1 = t.cache(await startCache({ origin: s1, vcl }))
    const c1 = await t.connect('c1', v1)
    c1.get('/ws', ...UPGRADE)
    await c1.rx({ status: 101 })
    await c1.rxClosed()
    expect(v1.counters().n_pipe).toBe(0)
  })

  vtc('without a pipe an upgrade is ignored and the request answered', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rx({ fields: { Upgrade: undefined, Connection: /^(?!.*upgrade)/i } })
      s.answer('plain')
    })
    const c1 = await t.connect('c1', t.cache(await startCache(s1)))
    await c1.ask('/ws', { status: 200, body: 'plain' }, ...UPGRADE)
  })
})
