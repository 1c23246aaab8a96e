import { request } from 'node:http'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { OperatorError } from '../../../src/base/errors.ts'
import { ARENA, CounterBlock, CounterSet, MAIN, SMA, VBE } from '../../../src/counters/counters.ts'
import type { Health, MetricsServer } from '../../../src/counters/metrics-server.ts'
import { startMetricsServer } from '../../../src/counters/metrics-server.ts'
import { PrometheusText } from '../../../src/counters/prometheus.ts'

describe('Prometheus text', () => {
  const set = new CounterSet()
  const blocks = {
    main: new CounterBlock(),
    s0: new CounterBlock('SMA', 's0'),
    arena: new CounterBlock('ARENA', 's0'),
    app: new CounterBlock('VBE', 'boot.app'),
  }
  const prometheus = new PrometheusText(set, '1.2.3')

  test('has every value of the moment of the scrape, under its documented name', async () => {
    for (const block of Object.values(blocks)) set.add(block.handle)
    blocks.main.values[MAIN.client_req] = 5
    blocks.main.values[MAIN.uptime] = 61
    blocks.main.values[MAIN.n_object] = 2
    blocks.s0.values[SMA.g_bytes] = 4096
    blocks.arena.values[ARENA.c_evicted_small] = 3
    blocks.app.values[VBE.req] = 7
    const lines = (await prometheus.metricsText()).split('\n')
    expect(lines).toEqual(
      expect.arrayContaining([
        '# HELP lacquer_main_client_req_total Well-formed requests received',
        '# TYPE lacquer_main_client_req_total counter',
        'lacquer_main_client_req_total 5',
        '# TYPE lacquer_main_n_object gauge',
        'lacquer_main_n_object 2',
        'lacquer_main_uptime_seconds 61',
        'lacquer_sma_g_bytes{store="s0"} 4096',
        'lacquer_arena_c_evicted_small_total{store="s0"} 3',
        'lacquer_vbe_req_total{vcl="boot",backend="app"} 7',
        `lacquer_build_info{version="1.2.3",node="${process.versions.node}"} 1`,
      ]),
    )
  })

  test('a second scrape shows what was counted since', async () => {
    blocks.main.values[MAIN.client_req] = 6
    expect(await prometheus.metricsText()).toContain('\nlacquer_main_client_req_total 6\n')
  })
})

describe('the endpoint', () => {
  let health: Health = 'ready'
  let metrics: () => Promise<string> = () => Promise.resolve('x 1\n')
  let server: MetricsServer

  beforeEach(async () => {
    metrics = () => Promise.resolve('x 1\n')
    server = await startMetricsServer('127.0.0.1', 0, {
      health: () => health,
      metrics: async () => ({ contentType: 'text/plain; version=0.0.4', text: await metrics() }),
    })
  })
  afterEach(() => server.close())

  async function ask(
    method: string,
    path: string,
  ): Promise<{ status: number | undefined; body: string; headers: NodeJS.Dict<string | string[]> }> {
    const { promise, resolve, reject } = Promise.withResolvers<import('node:http').IncomingMessage>()
    request({ host: '127.0.0.1', port: server.port, method, path, agent: false }, resolve).on('error', reject).end()
    const res = await promise
    return { status: res.statusCode, body: await text(res), headers: res.headers }
  }

  test.each<[string, string, Health, number, string]>([
    ['GET', '/metrics', 'ready', 200, 'x 1\n'],
    ['GET', '/metrics?x=1', 'draining', 200, 'x 1\n'],
    ['HEAD', '/metrics', 'ready', 200, ''],
    ['GET', '/healthz', 'ready', 200, 'ok\n'],
    ['GET', '/healthz', 'starting', 503, 'starting\n'],
    ['GET', '/healthz', 'draining', 503, 'draining\n'],
    ['GET', '/healthz', 'stopped', 503, 'stopped\n'],
    ['POST', '/metrics', 'ready', 405, 'only GET and HEAD\n'],
    ['GET', '/', 'ready', 404, 'there are /metrics and /healthz\n'],
    ['GET', '//metrics', 'ready', 404, 'there are /metrics and /healthz\n'],
  ])('%s %s while %s is %d', async (method, path, state, status, body) => {
    health = state
    const answer = await ask(method, path)
    expect(answer).toMatchObject({ status, body })
    expect(answer.headers).toMatchObject(status === 405 ? { allow: 'GET, HEAD' } : { 'cache-control': 'no-store' })
  })

  test('a failing collection is a 500 that says why, and the endpoint lives on', async () => {
    metrics = () => Promise.reject(new Error('no blocks'))
    expect(await ask('GET', '/metrics')).toMatchObject({ status: 500, body: 'metrics could not be collected: no blocks\n' })
    metrics = () => Promise.resolve('x 2\n')
    expect(await ask('GET', '/metrics')).toMatchObject({ status: 200, body: 'x 2\n' })
  })

  test('a head above the limit is refused', async () => {
    const socket = connect(server.port, '127.0.0.1')
    socket.end(`GET /metrics HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(9000)}\r\n\r\n`)
    expect(await text(socket)).toMatch(/^HTTP\/1\.1 431 /)
  })

  test('a port in use is one line for the operator', async () => {
    const { port } = server
    await expect(
      startMetricsServer('127.0.0.1', port, { health: () => health, metrics: () => Promise.reject(new Error('unused')) }),
    ).rejects.toThrow(new OperatorError(`--metrics 127.0.0.1:${port}: the port is in use`))
  })

  test('without a host, every address answers', async () => {
    const open = await startMetricsServer(undefined, 0, { health: () => 'ready', metrics: () => Promise.reject(new Error('unused')) })
    const socket = connect(open.port, '127.0.0.1')
    socket.end('GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
    expect(await text(socket)).toMatch(/^HTTP\/1\.1 200 /)
    await open.close()
  })

  test('an address that is not ours, too', async () => {
    await expect(
      startMetricsServer('192.0.2.1', 1, { health: () => health, metrics: () => Promise.reject(new Error('unused')) }),
    ).rejects.toThrow(new OperatorError('--metrics 192.0.2.1:1: this machine has no such address'))
  })
})
