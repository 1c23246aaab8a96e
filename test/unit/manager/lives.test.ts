import { createServer, connect, type AddressInfo, type Server, type Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Patience } from '../../kit/patience.ts'
import { Instance } from './instance.ts'

/** An origin that answers "/" at once, and of everything else only the head. */
let origin: Server
const origin_sockets = new Set<Socket>()
let asked: string[] = []
let instance: Instance | undefined
const clients: Socket[] = []
const patience = new Patience()

beforeEach(async () => {
  asked = []
  origin = createServer((socket) => {
    origin_sockets.add(socket)
    socket.on('close', () => origin_sockets.delete(socket)).on('error', () => {})
    socket.on('data', (data) => {
      const target = /^\S+ (\S+)/.exec(data.toString())?.[1] ?? ''
      asked.push(target)
      if (target === '/') socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
      if (target.startsWith('/streams')) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nbegun')
      if (target === '/stale') {
        const times = asked.filter((one) => one === '/stale').length
        if (times === 1)
          socket.write('HTTP/1.1 200 OK\r\nCache-Control: max-age=0, stale-while-revalidate=100\r\nContent-Length: 2\r\n\r\nok')
      }
    })
  })
  await new Promise<void>((resolve) => origin.listen(0, '127.0.0.1', resolve))
})

afterEach(async () => {
  instance?.kill()
  for (const client of clients.splice(0)) client.destroy()
  for (const socket of origin_sockets) socket.destroy()
  await new Promise((resolve) => origin.close(resolve))
})

function serve(sabotage: string, ...args: string[]): Promise<Instance> {
  return launch(sabotage, 1, ...args).ready()
}

function launch(sabotage: string, workers: number, ...args: string[]): Instance {
  const { port } = origin.address() as AddressInfo
  instance = new Instance(['-b', `127.0.0.1:${port}`, ...args], sabotage, workers)
  return instance
}

/** Sends the request; resolves with the connection when `mark` has come, or it is closed. */
function ask(
  port: number,
  target: string,
  mark: string,
  ...lines: string[]
): Promise<{ socket: Socket; text: () => string; ended: Promise<void> }> {
  const socket = connect(port, '127.0.0.1')
  clients.push(socket)
  let text = ''
  socket.write([`GET ${target} HTTP/1.1`, 'Host: a', ...lines, '', ''].join('\r\n'))
  const ended = new Promise<void>((resolve) => socket.on('close', () => resolve()).on('error', () => {}))
  return new Promise((resolve) => {
    const answer = { socket, text: () => text, ended }
    if (mark === '') resolve(answer)
    socket.on('data', (data) => {
      text += data.toString()
      if (text.includes(mark)) resolve(answer)
    })
    void ended.then(() => resolve(answer))
  })
}

const until = (fact: () => boolean): Promise<void> => patience.until('what is to become of them', fact)

describe('a worker that dies is replaced', () => {
  for (const sabotage of ['throw', 'exit']) {
    test(`by ${sabotage}: its clients are cut, and another serves within a second or two`, async () => {
      const { port, child } = await serve(sabotage)
      const streaming = await ask(port, '/streams', 'begun')
      child.kill('SIGUSR2')
      await streaming.ended
      const cut_ms = performance.now()
      let answer = ''
      while (!answer.includes('ok')) answer = (await ask(port, '/', 'ok')).text()
      expect(performance.now() - cut_ms).toBeLessThan(5000)
      expect(instance?.said).toContain('starting another')
      child.kill('SIGTERM')
      expect(await instance?.exited).toBe(0)
    })
  }
})

test('who waits to be accepted by one that dies is served by the next one: it takes nobody with it as it ends', async () => {
  const { port, child } = await serve('stall, throw')
  child.kill('SIGUSR2')
  await until(() => instance?.said.includes('stalled') === true)
  const answers = await Promise.all(Array.from({ length: 24 }, () => ask(port, '/', 'ok')))
  expect(answers.filter(({ text }) => !text().endsWith('ok'))).toEqual([])
  await until(() => instance?.said.includes('serves again') === true)
})

describe('of two workers', () => {
  for (const sabotage of ['throw 1', 'exit 1', 'heap overflow 1']) {
    test(`one that dies by ${sabotage.slice(0, -2)} takes its own clients with it, and is replaced`, async () => {
      const { port, child } = await launch(sabotage, 2, '-p', 'worker_heap=48M').ready()
      const open = await Promise.all(Array.from({ length: 24 }, () => ask(port, '/streams', 'begun')))
      child.kill('SIGUSR2')
      await until(() => instance?.said.includes('worker 1 serves again') === true)
      expect(instance?.said).toContain('worker 1 ended unexpectedly')
      if (sabotage.startsWith('heap')) expect(instance?.said).toContain('its heap exceeded 48M (parameter worker_heap)')
      // Of those that are left the origin still can end the stream.
      for (const socket of origin_sockets) if (!socket.destroyed) socket.write('x'.repeat(95))
      await until(() => open.every(({ socket, text }) => socket.destroyed || text().endsWith('x'.repeat(95))))
      const lived = open.filter(({ text }) => text().endsWith('x'.repeat(95))).length
      expect([lived > 0, lived < open.length]).toEqual([true, true])
      expect((await ask(port, '/', 'ok')).text()).toContain('ok')
      child.kill('SIGTERM')
      expect(await instance?.exited).toBe(0)
    })
  }

  test('one that cannot start is one clear line, and the end', async () => {
    const { child, exited } = launch('stillborn 1', 2)
    let said = ''
    child.stderr?.on('data', (chunk) => (said += String(chunk)))
    expect(await exited).toBe(1)
    expect(said).toMatch(/^lacquer: worker 1 failed at start: Error: stillborn .*\n$/)
  })

  test('both finish what is under way when it ends, and nothing else keeps them', async () => {
    const { port, child, exited } = await launch('', 2, '-p', 'shutdown_timeout=30').ready()
    const open = await Promise.all(Array.from({ length: 12 }, () => ask(port, '/streams', 'begun')))
    child.kill('SIGTERM')
    for (const socket of origin_sockets) socket.write('x'.repeat(95))
    expect(await exited).toBe(0)
    await Promise.all(open.map(({ ended }) => ended))
    expect(open.filter(({ text }) => !text().endsWith('x'.repeat(95)))).toEqual([])
  })

  test('the ready line comes when all serve', async () => {
    const { port, said } = await launch('', 3).ready()
    expect(said.match(/ready on/g)).toHaveLength(1)
    const all = await Promise.all(Array.from({ length: 30 }, () => ask(port, '/', 'ok')))
    expect(all.every(({ text }) => text().includes('ok'))).toBe(true)
  })
})

describe('SIGTERM ends it with 0 within shutdown_timeout', () => {
  test('idle: at once', async () => {
    const { port, child, exited } = await serve('', '-p', 'shutdown_timeout=10')
    const idle = await ask(port, '/', 'ok')
    const from_ms = performance.now()
    child.kill('SIGTERM')
    expect(await exited).toBe(0)
    await idle.ended
    expect(performance.now() - from_ms).toBeLessThan(4000)
  })

  test('with a stream, parked waiters, a pass, an upload and a background fetch under way', async () => {
    const { port, child, exited } = await serve('', '-p', 'shutdown_timeout=1')
    await ask(port, '/stale', 'ok')
    await ask(port, '/stale', 'ok')
    const open = [await ask(port, '/streams', 'begun'), await ask(port, '/streams?pass', 'begun', 'Authorization: x')]
    open.push(await ask(port, '/silent', ''), await ask(port, '/silent', ''), await ask(port, '/silent', ''))
    open.push(await ask(port, '/upload', '', 'Content-Length: 100', 'Expect: 100-continue'))
    await until(() => asked.includes('/silent') && asked.filter((target) => target === '/stale').length === 2)
    const from_ms = performance.now()
    child.kill('SIGTERM')
    expect(await exited).toBe(0)
    expect(performance.now() - from_ms).toBeLessThan(5000)
    await Promise.all(open.map(({ ended }) => ended))
  })

  test('with a handle in the worker that nobody closes', async () => {
    const { child, exited } = await serve('linger', '-p', 'shutdown_timeout=1')
    child.kill('SIGUSR2')
    child.kill('SIGTERM')
    expect(await exited).toBe(0)
  })

  test('with a worker that hangs', async () => {
    const { port, child, exited } = await serve('hang', '-p', 'shutdown_timeout=1')
    child.kill('SIGUSR2')
    const lost = await ask(port, '/', '')
    child.kill('SIGTERM')
    expect(await exited).toBe(0)
    await lost.ended
  })
})
