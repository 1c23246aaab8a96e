import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { connect, type AddressInfo, type Server, type Socket } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { serverFor } from '../../../src/listen/read-path.ts'
import type { Transport, TransportOwner } from '../../../src/listen/transport.ts'
import { READ_PATHS } from './front.ts'

const READ_PATH = new URL('../../../src/listen/read-path.ts', import.meta.url).href
/** More than the kernel takes for a client that does not read. */
const LARGE_BYTES = 16 * 1024 * 1024

/** One client and the transport at the server's end; events of the transport in order. */
class Pair implements TransportOwner {
  readonly events: string[] = []
  server!: Server
  client!: Socket
  transport!: Transport
  private wake: () => void = () => {}

  static async on(path: (typeof READ_PATHS)[number], host = '127.0.0.1'): Promise<Pair> {
    const pair = new Pair()
    const accepted = Promise.withResolvers<Transport>()
    pair.server = serverFor(path, {
      wanted: () => true,
      accepted: (transport) => {
        transport.owner = pair
        accepted.resolve(transport)
      },
      failed: (error) => accepted.reject(error),
    })
    await once(pair.server.listen(0, host), 'listening')
    pair.client = connect({ port: (pair.server.address() as AddressInfo).port, host, allowHalfOpen: true, noDelay: true })
    pair.client.on('error', () => {})
    pair.transport = await accepted.promise
    return pair
  }

  received(buffer: Buffer, start: number, end: number): void {
    this.note(`received ${buffer.toString('latin1', start, end)}`)
  }

  inputEnded(): void {
    this.note('ended')
  }

  drained(): void {
    this.note('drained')
  }

  gone(error: Error | undefined): void {
    this.note(error === undefined ? 'gone' : `gone ${(error as NodeJS.ErrnoException).code}`)
  }

  private note(event: string): void {
    this.events.push(event)
    this.wake()
  }

  async until(event: string): Promise<void> {
    while (!this.events.includes(event)) await new Promise<void>((resolve) => (this.wake = resolve))
  }

  /** The client reads to the server's end. */
  async bytesOfClient(): Promise<number> {
    let bytes = 0
    this.client.on('data', (chunk: Buffer) => (bytes += chunk.length))
    await once(this.client, 'end')
    return bytes
  }
}

let pair: Pair

afterEach(() => {
  pair.transport.reset()
  pair.client.destroy()
  pair.server.close()
})

describe.each(READ_PATHS)('a transport, read path %s', (path) => {
  test('a small write leaves at once and its memory is free; there is no drained for it', async () => {
    pair = await Pair.on(path)
    pair.client.resume()
    for (let i = 0; i < 3; i++) pair.transport.write(Buffer.from('small'))
    pair.transport.writev([Buffer.from('a'), Buffer.alloc(0), Buffer.from('b')])
    expect(pair.transport.flushed).toBe(true)
    expect(pair.transport.unsent_bytes).toBe(0)
    pair.transport.end()
    expect(pair.transport.writable).toBe(false)
    pair.transport.write(Buffer.from('too late'))
    expect(await pair.bytesOfClient()).toBe(17)
    pair.client.end()
    await pair.until('ended')
    pair.transport.close()
    await pair.until('gone')
    expect(pair.events).toEqual(['ended', 'gone'])
  })

  test.each(['write', 'writev'] as const)(
    'a large %s is kept until the kernel has taken all of it, then drained says so once',
    async (way) => {
      pair = await Pair.on(path)
      const { transport } = pair
      const body = Buffer.alloc(LARGE_BYTES, 1)
      if (way === 'write') transport.write(body)
      else transport.writev([Buffer.from('head'), body])
      transport.write(Buffer.from('behind'))
      expect(transport.flushed).toBe(false)
      expect(transport.unsent_bytes).toBeGreaterThan(0)
      const reading = pair.bytesOfClient()
      await pair.until('drained')
      expect(transport.flushed).toBe(true)
      expect(transport.unsent_bytes).toBe(0)
      transport.end()
      expect(await reading).toBe(LARGE_BYTES + 6 + (way === 'write' ? 0 : 4))
      expect(pair.events).toEqual(['drained'])
    },
  )

  test('memory is free for reuse from drained on, and not before: what the client has is what was written', async () => {
    pair = await Pair.on(path)
    const body = Buffer.alloc(LARGE_BYTES, 1)
    pair.transport.write(body)
    let bytes = 0
    let overwritten = false
    pair.client.on('data', (chunk: Buffer) => {
      bytes += chunk.length
      overwritten ||= chunk.includes(2)
    })
    await pair.until('drained')
    body.fill(2)
    pair.transport.end()
    await once(pair.client, 'end')
    expect({ bytes, overwritten }).toEqual({ bytes: LARGE_BYTES, overwritten: false })
  })

  test('close sends what is queued first', async () => {
    pair = await Pair.on(path)
    pair.transport.write(Buffer.alloc(LARGE_BYTES))
    pair.transport.close()
    pair.transport.write(Buffer.from('too late'))
    expect(await pair.bytesOfClient()).toBe(LARGE_BYTES)
    await pair.until('gone')
    expect(pair.transport.destroyed).toBe(true)
  })

  test('reset throws away what is queued: no drained, gone once', async () => {
    pair = await Pair.on(path)
    pair.transport.write(Buffer.alloc(LARGE_BYTES))
    pair.transport.reset()
    pair.transport.reset()
    pair.transport.close()
    expect(pair.transport.destroyed).toBe(true)
    pair.client.resume()
    const [error] = (await once(pair.client, 'error')) as [NodeJS.ErrnoException]
    expect(error.code).toBe('ECONNRESET')
    await pair.until('gone')
    expect(pair.events).toEqual(['gone'])
  })

  test('a client that resets while it is being written to', async () => {
    pair = await Pair.on(path)
    pair.transport.pauseReading()
    pair.transport.write(Buffer.alloc(LARGE_BYTES))
    pair.client.resetAndDestroy()
    await expect.poll(() => pair.events.at(-1)).toMatch(/^gone (?:ECONNRESET|EPIPE)$/)
    expect(pair.events.length).toBe(1)
  })

  test('paused, nothing is received; the end comes once, after what was sent before it', async () => {
    pair = await Pair.on(path)
    const { transport, client } = pair
    client.write('one')
    await pair.until('received one')
    transport.pauseReading()
    transport.pauseReading()
    await new Promise<void>((resolve) => client.end('two', () => resolve()))
    for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve))
    expect(pair.events).toEqual(['received one'])
    transport.resumeReading()
    await pair.until('ended')
    transport.pauseReading()
    transport.resumeReading()
    for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve))
    expect(pair.events).toEqual(['received one', 'received two', 'ended'])
  })

  test('given away when the client has half-closed: unread bytes, the end, and our side still open', async () => {
    pair = await Pair.on(path)
    pair.client.write('one')
    await pair.until('received one')
    pair.transport.pauseReading()
    pair.client.end('two')
    const stream = pair.transport.detach(Buffer.from('unread '))
    let text = ''
    stream.on('data', (chunk: Buffer) => (text += chunk.toString())).resume()
    await once(stream, 'end')
    expect(text).toBe('unread two')
    stream.end('answer')
    expect(await pair.bytesOfClient()).toBe('answer'.length)
    await pair.until('gone')
    expect(pair.events).toEqual(['received one', 'gone'])
  })

  test('given away with writes under way: they come first', async () => {
    pair = await Pair.on(path)
    pair.transport.write(Buffer.alloc(LARGE_BYTES))
    const stream = pair.transport.detach(Buffer.alloc(0))
    stream.end('behind')
    expect(await pair.bytesOfClient()).toBe(LARGE_BYTES + 'behind'.length)
    expect(pair.events).toEqual([])
  })

  test('given away and reset', async () => {
    pair = await Pair.on(path)
    pair.transport.detach(Buffer.alloc(0))
    pair.transport.reset()
    pair.client.resume()
    const [error] = (await once(pair.client, 'error')) as [NodeJS.ErrnoException]
    expect(error.code).toBe('ECONNRESET')
    await pair.until('gone')
  })

  test('addresses, IPv6 too', async () => {
    pair = await Pair.on(path, '::1')
    const { localPort: client_port } = pair.client
    const { port: server_port } = pair.server.address() as AddressInfo
    expect({ ...pickAddresses(pair.transport) }).toEqual({
      remoteAddress: '::1',
      remotePort: client_port,
      localAddress: '::1',
      localPort: server_port,
    })
  })

  test('what a callback throws is an uncaught exception, as everywhere', () => {
    const said = node(
      [],
      `
      import { connect } from 'node:net'
      import { serverFor } from '${READ_PATH}'
      process.on('uncaughtException', (error) => { console.log(error.message); process.exit(7) })
      const owner = { received: () => { throw new Error('thrown by an owner') } }
      const server = serverFor('${path}', { wanted: () => true, accepted: (transport) => { transport.owner = owner }, failed: () => {} })
      server.listen(0, '127.0.0.1', () => connect(server.address().port, '127.0.0.1').write('x'))
    `,
    )
    expect(said).toMatchObject({ status: 7, stdout: 'thrown by an owner\n', stderr: '' })
  })
})

function pickAddresses(transport: Transport): Record<string, unknown> {
  const { remoteAddress, remotePort, localAddress, localPort } = transport.addresses()
  return { remoteAddress, remotePort, localAddress, localPort }
}

function node(flags: readonly string[], script: string): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [...flags, '--no-warnings=ExperimentalWarning', '--input-type=module', '-e', script], {
    encoding: 'utf8',
  })
}

describe('the choice by itself', () => {
  const CHOOSE = `import { chooseReadPath } from '${READ_PATH}'; console.log(await chooseReadPath('auto'))`

  test('raw, without a word about it where deprecations that are to come are reported', () => {
    expect(node(['--pending-deprecation'], CHOOSE)).toMatchObject({ stdout: 'raw\n', stderr: '' })
  })

  test('onread where permissions keep bindings away', () => {
    expect(node(['--permission', '--allow-fs-read=*', '--allow-net', '--disable-warning=ExperimentalWarning'], CHOOSE).stdout).toBe(
      'onread\n',
    )
  })
})
