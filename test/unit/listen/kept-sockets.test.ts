import { closeSync, existsSync, mkdtempSync, openSync, readdirSync, rmSync, statSync } from 'node:fs'
import net, { connect, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { OperatorError } from '../../../src/base/errors.ts'
import { parseListen, type Endpoint } from '../../../src/listen/address.ts'
import { bindEndpoints } from '../../../src/listen/bind.ts'
import { KeptSockets } from '../../../src/listen/kept-sockets.ts'
import { Loans } from '../../../src/listen/loans.ts'
import { native } from '../../../src/shm/native.ts'

let folder: string
let loans: Loans
let sockets: KeptSockets

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lacquer-kept-'))
  loans = new Loans()
  sockets = new KeptSockets(false, loans)
  sockets.lend([], 0)
})

afterEach(() => {
  sockets.close()
  loans.takeBack(0)
  rmSync(folder, { recursive: true })
})

const endpoints = (...values: string[]): Promise<Endpoint[]> => bindEndpoints(parseListen(values))
const descriptors = (): number => readdirSync('/proc/self/fd').length

/** Somebody who listens on a descriptor of his own, greets whom he accepts, and goes. */
async function greeter(fd: number): Promise<Server> {
  const server = createServer((socket) => void socket.end('hello'))
  await new Promise<void>((resolve) => server.listen({ fd }, resolve))
  return server
}

function ask(where: Endpoint): Promise<string> {
  return new Promise((resolve) => {
    let text = ''
    const client = connect(where.path === undefined ? { port: where.port, host: '127.0.0.1' } : { path: where.path })
    client.on('data', (chunk) => (text += String(chunk)))
    client.on('error', (error: NodeJS.ErrnoException) => resolve(String(error.code)))
    client.on('close', () => resolve(text))
  })
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()))
}

test.each(['tcp', 'unix'])('%s: who comes between two of them waits for the second, and nobody when they are closed', async (kind) => {
  const [endpoint] = await endpoints(kind === 'unix' ? `${folder}/s,mode=600` : '127.0.0.1:0')
  const [fd] = sockets.lend([endpoint], 0)
  const first = await greeter(fd as number)
  expect(await ask(endpoint)).toBe('hello')
  await close(first)
  loans.takeBack(0)
  const waiting = [ask(endpoint), ask(endpoint)]
  if (kind === 'unix') expect(statSync(`${folder}/s`).mode & 0o777).toBe(0o600)
  const [second_fd] = sockets.lend([endpoint], 0)
  const second = await greeter(second_fd as number)
  expect(await Promise.all(waiting)).toEqual(['hello', 'hello'])
  expect(sockets.open).toBe(true)
  sockets.close()
  expect([sockets.open, await ask(endpoint)]).toEqual([false, kind === 'unix' ? 'ENOENT' : 'hello'])
  await close(second)
  expect(await ask(endpoint)).toBe(kind === 'unix' ? 'ENOENT' : 'ECONNREFUSED')
})

test('what nobody came to take over is closed, and nothing else that has its number now', async () => {
  const listed = await endpoints('127.0.0.1:0', `${folder}/s`)
  const before = descriptors()
  const lent = sockets.lend(listed, 0) as number[]
  expect(descriptors()).toBe(before + 4)
  // One is closed by who had it, and its number is another file’s.
  closeSync(lent[0])
  const other = openSync('/dev/null', 'r')
  expect(other).toBe(lent[0])
  loans.takeBack(0)
  expect(descriptors()).toBe(before + 3)
  closeSync(other)
  sockets.close()
  expect(descriptors()).toBe(before)
})

test('each closes his own: what somebody has had is not taken back when its number is another’s, even of the same socket', async () => {
  const listed = await endpoints('127.0.0.1:0')
  const before = descriptors()
  const [first] = sockets.lend(listed, 0) as number[]
  // 0 has closed it before its end, and its number was given to 1.
  closeSync(first)
  expect(sockets.lend(listed, 1)).toEqual([first])
  loans.takeBack(0)
  expect(descriptors()).toBe(before + 2)
  const [third] = sockets.lend(listed, 0) as number[]
  loans.takeBack(1)
  expect(descriptors()).toBe(before + 2)
  expect(third).not.toBe(first)
  loans.takeBack(0)
  expect(descriptors()).toBe(before + 1)
})

test('when descriptors are used up none is lent, and those that had been made are closed', async () => {
  const listed = await endpoints('127.0.0.1:0', `${folder}/s`)
  sockets.lend(listed, 0)
  const before = descriptors()
  const calls = native()
  const real = calls.duplicate.bind(calls)
  const duplicate = vi.spyOn(calls, 'duplicate').mockImplementationOnce(real).mockReturnValueOnce('EMFILE')
  try {
    expect(() => sockets.lend(listed, 1)).toThrow(
      new OperatorError(`cannot listen on ${folder}/s: EMFILE for another descriptor of the socket`),
    )
  } finally {
    duplicate.mockRestore()
  }
  expect(descriptors()).toBe(before)
})

test('of what cannot be bound none is lent: who listens there says why', async () => {
  const [endpoint, free] = await endpoints('127.0.0.1:0', '127.0.0.1:0')
  const taken = createServer()
  await new Promise<void>((resolve) => taken.listen(endpoint.port, '127.0.0.1', resolve))
  expect(sockets.lend([endpoint, free], 0)).toEqual([undefined, expect.any(Number)])
  await close(taken)
  expect(sockets.lend([endpoint, free], 0)).toEqual([expect.any(Number), expect.any(Number)])
})

test('an owner that cannot be given is a clear error, and leaves nothing behind', () => {
  const [address] = parseListen([`${folder}/s,user=no-such-user`])
  const endpoint = { ...address, host: '', any_port: false, text: `${folder}/s` }
  expect(() => sockets.lend([endpoint], 0)).toThrow(new OperatorError('there is no user "no-such-user"'))
  sockets.close()
  expect(existsSync(`${folder}/s`)).toBe(false)
})

test('those of several workers share a port', async () => {
  const listed = await endpoints('127.0.0.1:0')
  const several = [0, 1].map(() => new KeptSockets(true, loans))
  const servers = await Promise.all(several.map((each) => greeter(each.lend(listed, 0)[0] as number)))
  expect(sockets.lend(listed, 0)).toEqual([undefined])
  expect(await ask(listed[0])).toBe('hello')
  for (const each of several) each.close()
  await Promise.all(servers.map(close))
  expect(await ask(listed[0])).toBe('ECONNREFUSED')
})

test('a Node that cannot bind without listening: none is lent', async () => {
  const { BoundSocket } = net
  const internals = net as { BoundSocket: unknown }
  try {
    const listed = await endpoints('127.0.0.1:0')
    for (const other of [undefined, Object]) {
      internals.BoundSocket = other
      expect(sockets.lend(listed, 0)).toEqual([undefined])
    }
  } finally {
    internals.BoundSocket = BoundSocket
  }
})
