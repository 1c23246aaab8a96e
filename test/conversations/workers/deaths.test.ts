import { createServer, type Server } from 'node:http'
import { connect, type AddressInfo, type Socket } from 'node:net'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { viewHistogram } from '../../../src/counters/histogram.ts'
import { RESULT, RESULTS, totalOf } from '../../../src/counters/vitals.ts'
import { type Crew, newCrew } from '../../kit/crew.ts'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

/** Workers that die while others are at work: real threads, real sockets, and clients that look at every byte. */

const CLIENTS = 24
const KEYS = 40

let origin: Server
let crew: Crew
const clients: Client[] = []

/** What the origin makes of a target, so that whoever reads it knows whether it is right. */
function bodyOf(target: string): string {
  const key = Number(target.slice(1))
  return `${target} `.repeat(1 + key * 50)
}

beforeEach(async () => {
  origin = createServer((request, response) => {
    const target = request.url ?? ''
    const lifetime = Number(target.slice(1)) % 4 === 0 ? 'no-store' : 'max-age=1000'
    response.setHeader('Cache-Control', lifetime).end(bodyOf(target))
  })
  await new Promise<void>((resolve) => origin.listen(0, '127.0.0.1', resolve))
  crew = await newCrew(2, `-b 127.0.0.1:${(origin.address() as AddressInfo).port}`).start()
})

afterEach(async () => {
  for (const client of clients.splice(0)) client.stop()
  await crew.close()
  origin.closeAllConnections()
  origin.close()
})

/** Asks for one thing after the other on one connection, and on another when that is lost. */
class Client {
  asked = 0
  answered = 0
  /** Connections that ended otherwise than by us; those of them that had been answered on. */
  closed = 0
  lost = 0
  /** Answers that broke off. */
  interrupted = 0
  /** It has been answered on the connection that it has now. */
  served = false
  wrong: string[] = []
  private readonly port: number
  private socket: Socket
  private target = ''
  private text = ''
  private stopped = false

  constructor(port: number) {
    this.port = port
    this.socket = this.open()
  }

  stop(): void {
    this.stopped = true
    this.socket.destroy()
  }

  /** Asks no more, but waits for what it has asked. */
  rest(): void {
    this.stopped = true
  }

  private open(): Socket {
    const socket = connect(this.port, '127.0.0.1')
    socket.setEncoding('latin1')
    socket.on('error', () => {})
    socket.on('connect', () => this.ask())
    socket.on('data', (chunk) => this.heard(String(chunk)))
    socket.on('close', () => {
      if (this.stopped) return
      this.closed++
      // Else it had just been accepted by a worker that was ending.
      if (this.served) this.lost++
      if (this.text !== '') this.interrupted++
      this.served = false
      this.socket = this.open()
    })
    return socket
  }

  private ask(): void {
    this.target = `/${(this.asked++ * 7 + this.closed) % KEYS}`
    this.text = ''
    this.socket.write(`GET ${this.target} HTTP/1.1\r\nHost: a\r\n\r\n`)
  }

  private heard(chunk: string): void {
    this.text += chunk
    const end = this.text.indexOf('\r\n\r\n') + 4
    const length = Number(/^content-length: (\d+)/im.exec(this.text)?.[1] ?? -1)
    if (end < 4 || this.text.length < end + length) return
    if (!this.text.startsWith('HTTP/1.1 200 ') || this.text.slice(end) !== bodyOf(this.target)) this.wrong.push(this.text)
    this.answered++
    this.text = ''
    this.served = true
    if (!this.stopped) this.ask()
  }
}

const sum = (of: (client: Client) => number): number => clients.reduce((total, client) => total + of(client), 0)

test('under load: a death costs the connections of the one that died, no answer is wrong, and all is counted', async () => {
  for (let i = 0; i < CLIENTS; i++) clients.push(new Client(crew.port))
  let lost = 0
  // Clients of the one that lives, too, where they were just being sent what the dead had not fetched to its end: these it counts.
  const broken = (): number => crew.each('sess_closed_err').reduce((total, n) => total + n, 0)
  for (let death = 1; death <= 2; death++) {
    const slot = death % 2
    const before = sum(({ answered }) => answered)
    await crew.until('there is load', () => sum(({ answered }) => answered) > before + 300)
    await crew.until('everyone is served', () => clients.every(({ served }) => served))
    lost += crew.count(slot, 'sess_open')
    await crew.kill(slot)
    await crew.until('its clients know', () => sum((client) => client.lost) >= lost + broken())
    await crew.replaced(death)
  }
  await crew.until('everyone is served', () => clients.every(({ served }) => served))
  for (const client of clients) client.rest()
  expect(
    sum((client) => client.lost),
    crew.state(),
  ).toBe(lost + broken())
  expect(broken()).toBeLessThanOrEqual(sum(({ interrupted }) => interrupted))
  expect(crew.counts()['MAIN.sess_conn']).toBeGreaterThanOrEqual(CLIENTS + lost)
  expect(crew.counts()['MAIN.sess_open']).toBe(CLIENTS)
  expect(clients.flatMap(({ wrong }) => wrong)).toEqual([])
  await crew.until('what was asked last is answered', () => clients.every((client) => client.answered + client.closed >= client.asked))
  const counted = crew.counts()['MAIN.client_req']
  expect([counted >= sum(({ answered }) => answered), counted <= sum(({ asked }) => asked)]).toEqual([true, true])
  expect(crew.counts()['MAIN.cache_hit']).toBeGreaterThan(0)
  expect(crew.counts()).toMatchObject({ 'MGT.child_died': 2, 'MGT.child_panic': 2 })
  // How long they took is measured once for each that was answered, in the life in which it was.
  const vitals = [0, 1].map((slot) => new Float64Array(crew.configOf(slot).vitals))
  const measured = (): number =>
    RESULTS.map((result) => viewHistogram(vitals, totalOf(RESULT[result])).count).reduce((all, count) => all + count)
  // A request is measured when its answer has been sent: each death may have come between.
  await crew.until('what was answered is measured', () => measured() >= sum(({ answered }) => answered) - 2)
  expect(measured()).toBeLessThanOrEqual(counted)
})

test('each life of a worker has written its requests to the log', async () => {
  for (let i = 0; i < 4; i++) clients.push(new Client(crew.port))
  await crew.until('there is load', () => sum(({ answered }) => answered) > 100)
  for (const slot of [0, 1]) await crew.kill(slot)
  await crew.replaced(2)
  const before = sum(({ answered }) => answered)
  await crew.until('there is load', () => sum(({ answered }) => answered) > before + 100)
  for (const client of clients) client.rest()
  await crew.until('all is answered', () => clients.every(({ asked, answered, closed }) => answered + closed >= asked))
  const logged = (): number => crew.log().filter(({ tag }) => tag === 'ReqURL').length
  // Of each life at most what it had under way is missing.
  await crew.until('all is logged', () => logged() >= crew.counts()['MAIN.client_req'] - sum(({ closed }) => closed))
  expect(logged()).toBeLessThanOrEqual(crew.counts()['MAIN.client_req'])
})
