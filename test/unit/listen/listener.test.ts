import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, statSync, writeFileSync, existsSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { OperatorError } from '../../../src/base/errors.ts'
import type { ClientConnection } from '../../../src/flow/client.ts'
import { parseListen } from '../../../src/listen/address.ts'
import { bindEndpoints } from '../../../src/listen/bind.ts'
import { KeptSockets } from '../../../src/listen/kept-sockets.ts'
import { Listener } from '../../../src/listen/listener.ts'
import { Loans } from '../../../src/listen/loans.ts'
import { chooseReadPath } from '../../../src/listen/read-path.ts'
import { Client, echoTarget, ok, READ_PATHS, startFront, type Front, type FrontOptions } from './front.ts'

let front: Front | undefined
const cleanups: (() => void)[] = []

afterEach(async () => {
  await front?.listener.drain(0)
  front = undefined
  for (const cleanup of cleanups.splice(0)) cleanup()
})

const GET = 'GET /one HTTP/1.1\r\nHost: a\r\n\r\n'

function directory(): string {
  const path = mkdtempSync(join(tmpdir(), 'lacquer-listen-'))
  cleanups.push(() => rmSync(path, { recursive: true }))
  return path
}

describe.each(READ_PATHS)('a listener, read path %s', (path) => {
  async function start(flow: (connection: ClientConnection) => void, more: Partial<FrontOptions> = {}): Promise<Front> {
    return (front = await startFront({ path, flow, ...more }))
  }

  test('over max_connections a client is closed on arrival, until another leaves', async () => {
    const f = await start(echoTarget, { limits: { max_connections: 2 } })
    const [a, b] = [f.connect(), f.connect()]
    await f.until('opened', 2)
    expect(await f.connect().readToEnd()).toBe('')
    expect(f.events).toEqual(['opened', 'opened', 'dropped a0'])
    a.close()
    await f.until('closed REM_CLOSE')
    expect(await f.connect().send(GET).read('/one')).toBe(ok('/one'))
    expect(await b.send(GET).read('/one')).toBe(ok('/one'))
    expect(f.listener.open).toBe(2)
  })

  test('drain: idle connections are closed at once, requests under way are finished, then nothing is left', async () => {
    const held: ClientConnection[] = []
    const f = await start((c) => {
      if (c.req.url === '/one') return echoTarget(c)
      held.push(c)
      f.note('asked')
    })
    const idle = f.connect()
    await idle.send(GET).read('/one')
    const busy = f.connect().send('GET /busy HTTP/1.1\r\nHost: a\r\n\r\n')
    await f.until('asked')
    const drained = f.listener.drain(60_000)
    expect(await idle.readToEnd()).toBe('')
    expect(f.closings).toEqual(['SHUTDOWN'])
    expect(held[0].keepAlive).toBe(false)
    echoTarget(held[0])
    expect(await busy.readToEnd()).toBe(ok('/busy', 'Connection: close\r\n'))
    expect(await drained).toBe(0)
    expect(f.closings).toEqual(['SHUTDOWN', 'SHUTDOWN'])
    expect(await f.connect().readToEnd()).toBe('')
  })

  test('drain: what is not finished at the deadline is cut', async () => {
    const f = await start((c) => {
      c.onClosed = () => f.note('told')
      f.note('asked')
    })
    const busy = f.connect().send(GET)
    await f.until('asked')
    expect(await f.listener.drain(1)).toBe(1)
    expect(await busy.readToEnd()).toBe('RST')
    expect(f.events).toEqual(['opened', 'asked', 'closed SHUTDOWN', 'told'])
  })

  test('addresses of a connection', async () => {
    let facts: ClientConnection['facts'] | undefined
    const f = await start(
      (c) => {
        facts = c.facts
        echoTarget(c)
      },
      { listen: 'front=127.0.0.1:0' },
    )
    const client = f.connect()
    await client.send(GET).read('/one')
    const { port } = f.target as { port: number }
    expect(facts?.client_ip).toMatchObject({ text: '127.0.0.1', port: client.socket.localPort })
    expect(facts?.server_ip).toMatchObject({ text: '127.0.0.1', port })
    expect([...(facts?.remote_ip.bytes ?? [])]).toEqual([127, 0, 0, 1])
    expect(facts).toMatchObject({ socket_name: 'front', endpoint: `127.0.0.1:${port}`, xid: 1 })
  })

  describe('PROXY', () => {
    async function startProxy(): Promise<{ f: Front; facts: () => string }> {
      let facts = ''
      const f = await start(
        (c) => {
          const { client_ip, server_ip, remote_ip } = c.facts
          facts = `${client_ip.text}:${client_ip.port} ${server_ip.text}:${server_ip.port} ${remote_ip.text}`
          echoTarget(c)
        },
        { listen: '127.0.0.1:0,PROXY' },
      )
      return { f, facts: () => facts }
    }

    test('the header says who the client is, once for all its requests', async () => {
      const { f, facts } = await startProxy()
      const client = f.connect().send('PROXY TCP4 1.2.3.4 5.6.7.8 1111 2222\r\n' + GET)
      for (let i = 0; i < 2; i++) {
        await client.read('/one')
        expect(facts()).toBe('1.2.3.4:1111 5.6.7.8:2222 127.0.0.1')
        client.send(GET)
      }
      expect(f.events.slice(0, 2)).toEqual(['opened', 'proxied'])
    })

    test('in pieces', async () => {
      const { f, facts } = await startProxy()
      const client = f.connect()
      for (const byte of 'PROXY TCP6 ::1 ::2 1111 2222\r\n' + GET) await client.sent(byte)
      await client.read('/one')
      expect(facts()).toBe('::1:1111 ::2:2222 127.0.0.1')
    })

    test('without it there is no answer', async () => {
      const { f } = await startProxy()
      expect(await f.connect().send(GET).readToEnd()).toMatch(/^(?:RST)?$/)
      expect(f.events).toEqual(['opened', 'proxy refused: no PROXY header', 'closed RX_JUNK'])
    })

    test('it has timeout_req to come', async () => {
      const { f } = await startProxy()
      f.connect().send('PROXY ')
      await f.until('opened')
      f.advance(9900)
      expect(f.closings).toEqual([])
      f.advance(200)
      expect(f.closings).toEqual(['RX_TIMEOUT'])
    })
  })

  describe('unix sockets', () => {
    test('conversations, facts and mode', async () => {
      const socket = join(directory(), 's')
      let facts: ClientConnection['facts'] | undefined
      const f = await start(
        (c) => {
          facts = c.facts
          echoTarget(c)
        },
        { listen: `${socket},mode=620` },
      )
      expect(statSync(socket).mode & 0o777).toBe(0o620)
      expect(
        await f
          .connect()
          .send(GET.repeat(2))
          .readBytes(ok('/one').length * 2),
      ).toBe(ok('/one').repeat(2))
      expect(facts?.client_ip).toMatchObject({ text: '0.0.0.0', port: 0 })
      expect(facts?.endpoint).toBe(socket)
      await f.listener.drain(0)
      expect(existsSync(socket)).toBe(false)
    })

    test('a response that breaks is closed without its end', async () => {
      const f = await start(
        (c) => {
          c.start('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n', 'length')
          c.write(Buffer.from('half'))
          c.abort('TX_ERROR')
        },
        { listen: join(directory(), 's') },
      )
      expect(await f.connect().send(GET).readToEnd()).toMatch(/^(?:HTTP\/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf)?(?:RST)?$/)
      expect(f.closings).toEqual(['TX_ERROR'])
    })
  })

  test('in the stead of another: by its doors, until it is back; what it has accepted it keeps', async () => {
    const seen: unknown[] = []
    const f = await start((c) => {
      seen.push([c.facts.socket_name, c.facts.endpoint, c.facts.client_ip.text])
      echoTarget(c)
    })
    const listed = await bindEndpoints(parseListen(['other=127.0.0.1:0,PROXY', `unix=${join(directory(), 's')}`]))
    const kept = new KeptSockets(false, new Loans())
    cleanups.push(() => kept.close())
    const connectTo = (one: (typeof listed)[number]): Client =>
      new Client(connect(one.path === undefined ? { port: one.port, host: one.host } : { path: one.path }))
    f.listener.standIn(7, listed, kept.lend(listed, 0))
    const [tcp, unix] = listed.map(connectTo)
    expect(await tcp.send('PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n' + GET).read('/one')).toBe(ok('/one'))
    expect(await unix.send(GET).read('/one')).toBe(ok('/one'))
    expect(seen).toEqual([
      ['other', listed[0].text, '1.2.3.4'],
      ['unix', listed[1].text, '0.0.0.0'],
    ])
    f.listener.standDown(7)
    expect(await tcp.send(GET).read('/one')).toBe(ok('/one'))
    const waiting = connectTo(listed[1]).send(GET)
    expect(await f.connect().send(GET).read('/one')).toBe(ok('/one'))
    expect([waiting.text, f.listener.open]).toEqual(['', 3])
    // Ordered twice, the second time counts. What is not bound it leaves alone.
    f.listener.standIn(7, listed, [undefined, ...kept.lend(listed.slice(1), 0)])
    f.listener.standIn(7, listed, kept.lend(listed, 0))
    expect(await waiting.read('/one')).toBe(ok('/one'))
    await f.listener.drain(0)
    kept.close()
    expect([await connectTo(listed[0]).readToEnd(), existsSync(listed[1].path as string)]).toEqual([expect.stringMatching('RST|^$'), false])
  })

  test('several workers share a port, and one that goes leaves it to the others', async () => {
    const f = await start(echoTarget, { shared: true })
    const { port } = f.target as { port: number }
    const second = new Listener(f.context, path)
    await second.listen(await endpointsAt(port), true)
    second.stopAccepting()
    expect(await f.connect().send(GET).read('/one')).toBe(ok('/one'))
  })

  test('a worker alone keeps its port to itself; one that may have any port takes another', async () => {
    const f = await start(echoTarget)
    const { port } = f.target as { port: number }
    const second = new Listener(f.context, path)
    const [endpoint] = await endpointsAt(port)
    await expect(second.listen([{ ...endpoint, any_port: false }])).rejects.toThrow('address already in use')
    await expect(second.listen([{ ...endpoint, any_port: false }], true)).rejects.toThrow('address already in use')
    const [open] = await second.listen([endpoint])
    expect(open.port).not.toBe(port)
    expect(open.text).toBe(`127.0.0.1:${open.port}`)
    second.stopAccepting()
  })

  test('the unix socket of a worker that died is replaced; that of a living one is left alone', async () => {
    const f = await start(echoTarget)
    const [endpoint] = await bindEndpoints(parseListen([join(directory(), 's')]))
    execute(`require('node:net').createServer().listen('${endpoint.path}', () => process.kill(process.pid, 'SIGKILL'))`)
    const second = new Listener(f.context, path)
    expect(await second.listen([endpoint])).toEqual([endpoint])
    await expect(new Listener(f.context, path).listen([endpoint])).rejects.toThrow('another process accepts connections there')
    second.stopAccepting()
  })

  async function endpointsAt(port: number): Promise<Parameters<Listener['listen']>[0]> {
    const [free] = await bindEndpoints(parseListen(['127.0.0.1:0']))
    return [{ ...free, port, text: `127.0.0.1:${port}` }]
  }
})

function execute(script: string): void {
  spawnSync(process.execPath, ['-e', script])
}

describe('binding', () => {
  test('port 0 becomes a port, names become addresses', async () => {
    const endpoints = await bindEndpoints(parseListen(['127.0.0.1:0', 'x=localhost:0,PROXY']))
    expect(endpoints[0]).toMatchObject({ name: 'a0', host: '127.0.0.1', proxy: false, text: `127.0.0.1:${endpoints[0].port}` })
    expect(endpoints[0].port).toBeGreaterThan(0)
    expect(endpoints.slice(1).length).toBeGreaterThan(0)
    for (const endpoint of endpoints.slice(1)) expect(endpoint).toMatchObject({ name: 'x', proxy: true })
  })

  test('a port in use, by a program or by another Lacquer', async () => {
    front = await startFront({ path: 'onread', flow: echoTarget })
    const { port } = front.target as { port: number }
    await expect(bindEndpoints(parseListen([`127.0.0.1:${port}`]))).rejects.toThrow(
      new OperatorError(`cannot listen on 127.0.0.1:${port}: address already in use (another program, or another Lacquer, holds it)`),
    )
  })

  test('an address of another machine, and a name that nobody has', async () => {
    await expect(bindEndpoints(parseListen(['192.0.2.1:0']))).rejects.toThrow(
      new OperatorError('cannot listen on 192.0.2.1:0: this machine has no such address'),
    )
    await expect(bindEndpoints(parseListen(['no-such-host.invalid:0']))).rejects.toThrow(/^cannot listen on no-such-host\.invalid:0: /)
  })

  test('a unix socket: a live one is refused, a stale one replaced, a file left alone', async () => {
    const path = join(directory(), 's')
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(path, resolve))
    await expect(bindEndpoints(parseListen([path]))).rejects.toThrow(
      new OperatorError(`cannot listen on ${path}: another process accepts connections there`),
    )
    server.close()
    expect(existsSync(path)).toBe(false)
    execute(`require('node:net').createServer().listen('${path}', () => process.kill(process.pid, 'SIGKILL'))`)
    expect(existsSync(path)).toBe(true)
    expect(await bindEndpoints(parseListen([path]))).toMatchObject([{ path, host: '', text: path }])
    expect(existsSync(path)).toBe(false)
    writeFileSync(path, 'data')
    await expect(bindEndpoints(parseListen([path]))).rejects.toThrow(
      new OperatorError(`cannot listen on ${path}: there is a file that is not a socket`),
    )
  })

  test('a unix socket where none can be made', async () => {
    const missing = join(directory(), 'none', 's')
    await expect(bindEndpoints(parseListen([missing]))).rejects.toThrow(
      new OperatorError(`cannot listen on ${missing}: the directory ${dirname(missing)} does not exist`),
    )
    const file = join(directory(), 'file')
    writeFileSync(file, 'data')
    await expect(bindEndpoints(parseListen([`${file}/s`]))).rejects.toThrow(
      new OperatorError(`cannot listen on ${file}/s: ${file} is not a directory`),
    )
  })

  test('the same address twice, however it is written', async () => {
    const [{ port }] = await bindEndpoints(parseListen(['127.0.0.1:0']))
    const twice = new OperatorError(`-a: 127.0.0.1:${port} is given twice`)
    await expect(bindEndpoints(parseListen([`127.0.0.1:${port}`, `x=127.0.0.1:${port},PROXY`]))).rejects.toThrow(twice)
    await expect(bindEndpoints(parseListen([`127.0.0.1:${port}`, `0.0.0.0:${port}`]))).rejects.toThrow(
      new OperatorError(`-a: 0.0.0.0:${port} and 127.0.0.1:${port} overlap; give one of them`),
    )
    const path = join(directory(), 's')
    await expect(bindEndpoints(parseListen([path, path]))).rejects.toThrow(new OperatorError(`-a: ${path} is given twice`))
    expect(await bindEndpoints(parseListen(['127.0.0.1:0', '127.0.0.1:0']))).toHaveLength(2)
  })

  test('unknown users and groups', async () => {
    await expect(bindEndpoints(parseListen(['/tmp/s,user=no-such-user']))).rejects.toThrow(
      new OperatorError('there is no user "no-such-user"'),
    )
    await expect(bindEndpoints(parseListen(['/tmp/s,group=no-such']))).rejects.toThrow(new OperatorError('there is no group "no-such"'))
  })
})

test('this Node carries the fast read path, and a choice is a choice', async () => {
  expect(await chooseReadPath('auto')).toBe('raw')
  expect(await chooseReadPath('events')).toBe('events')
})
