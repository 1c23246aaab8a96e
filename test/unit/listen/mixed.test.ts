import { expect, test } from 'vitest'
import type { ClientConnection } from '../../../src/flow/client.ts'
import { READ_PATHS, startFront } from './front.ts'

/** The same numbers every time. */
class Dice {
  private seed: number

  constructor(seed: number) {
    this.seed = seed
  }

  roll(below: number): number {
    this.seed = (Math.imul(this.seed, 1_103_515_245) + 12_345) & 0x7fffffff
    return (this.seed >> 8) % below
  }
}

const FRAMINGS = ['length', 'chunked'] as const

/** Reads or discards the body, answers now or later, at once or in pieces. The answer says what was asked and what was read. */
function moodyFlow(dice: Dice): (connection: ClientConnection) => void {
  const sometime = (run: () => void): void => void (dice.roll(2) === 0 ? run() : setImmediate(run))
  return (c) => {
    const name = c.req.url
    const { body } = c
    if (body === undefined) return sometime(() => answer(c, name, dice))
    if (dice.roll(4) === 0) return sometime(() => answer(c, `${name} unread`, dice))
    let read = ''
    const sink = {
      onData: (chunk: Buffer) => {
        read += chunk.toString('latin1')
        if (dice.roll(3) > 0) return
        body.pause()
        setImmediate(() => body.resume())
      },
      onEnd: () => sometime(() => answer(c, `${name} ${read}`, dice)),
      onError: (error: Error) => answer(c, error.message, dice),
    }
    sometime(() => body.start(sink))
  }
}

function answer(c: ClientConnection, text: string, dice: Dice): void {
  const bytes = Buffer.from(text + '.'.repeat(dice.roll(30) === 0 ? 100_000 : dice.roll(50)), 'latin1')
  if (dice.roll(2) === 0) return void c.respond(`HTTP/1.1 200 OK\r\nContent-Length: ${bytes.length}\r\n\r\n`, bytes)
  const framing = FRAMINGS[dice.roll(2)]
  c.start(`HTTP/1.1 200 OK\r\n${framing === 'length' ? `Content-Length: ${bytes.length}` : 'Transfer-Encoding: chunked'}\r\n\r\n`, framing)
  const half = dice.roll(bytes.length)
  c.write(bytes.subarray(0, half))
  c.write(bytes.subarray(half))
  c.end()
}

/** A request and what its answer must begin with, either way. */
function request(name: string, dice: Dice): { bytes: string; answers: string[] } {
  const head = `/${name} HTTP/1.1\r\nHost: a\r\n`
  const body = `<${name}>`.repeat(1 + dice.roll(dice.roll(20) === 0 ? 2000 : 20))
  const answers = [`/${name} ${body}`, `/${name} unread`]
  switch (dice.roll(3)) {
    case 0:
      return { bytes: `GET ${head}\r\n`, answers: [`/${name}`] }
    case 1:
      return { bytes: `POST ${head}Content-Length: ${body.length}\r\n\r\n${body}`, answers }
    default: {
      const cut = 1 + dice.roll(body.length - 1)
      const chunks = [body.slice(0, cut), body.slice(cut)].map((chunk) => `${chunk.length.toString(16)}\r\n${chunk}\r\n`).join('')
      return { bytes: `POST ${head}Transfer-Encoding: chunked\r\n\r\n${chunks}0\r\n\r\n`, answers }
    }
  }
}

/** Body of the first response in `text`, and what follows it; undefined if it is not complete. */
function firstAnswer(text: string): { body: string; rest: string } | undefined {
  const head_end = text.indexOf('\r\n\r\n')
  if (head_end < 0) return undefined
  const length = /^HTTP\/1\.1 200 OK\r\n(?:Content-Length: ([0-9]+)|Transfer-Encoding: chunked)\r\n\r\n/.exec(text)
  if (length === null) throw new Error(`not a response: ${JSON.stringify(text.slice(0, 200))}`)
  if (length[1] === undefined) return dechunk(text, head_end + 4)
  const end = head_end + 4 + Number(length[1])
  return end > text.length ? undefined : { body: text.slice(head_end + 4, end), rest: text.slice(end) }
}

function dechunk(text: string, start: number): { body: string; rest: string } | undefined {
  let body = ''
  for (let at = start; ;) {
    const line_end = text.indexOf('\r\n', at)
    if (line_end < 0) return undefined
    const size = Number.parseInt(text.slice(at, line_end), 16)
    const end = line_end + 2 + size
    if (end + 2 > text.length) return undefined
    if (text.slice(end, end + 2) !== '\r\n') throw new Error(`chunk without end: ${JSON.stringify(text.slice(at, at + 100))}`)
    if (size === 0) return { body, rest: text.slice(end + 2) }
    body += text.slice(line_end + 2, end)
    at = end + 2
  }
}

test.each(READ_PATHS.flatMap((path) => [1, 2, 3, 4, 5, 6, 7, 8].map((seed) => [path, seed] as const)))(
  'requests of all kinds, cut anywhere, to a flow of all moods: every answer is right and in its place (%s, seed %i)',
  async (path, seed) => {
    const dice = new Dice(seed)
    const front = await startFront({ path, flow: moodyFlow(new Dice(seed + 100)), limits: { http_req_size: 4096 } })
    const client = front.connect()
    const requests = Array.from({ length: 150 }, (_, i) => request(`r${i}`, dice))
    const bytes = requests.map((r) => r.bytes).join('')
    for (let at = 0; at < bytes.length;) {
      const size = 1 + dice.roll(dice.roll(3) === 0 ? 20 : 3000)
      await client.sent(bytes.slice(at, at + size))
      at += size
    }
    for (const { answers } of requests) {
      let first = firstAnswer(client.text)
      for (; first === undefined; first = firstAnswer(client.text)) await client.more()
      client.text = first.rest
      const said = first.body.replace(/\.*$/, '')
      expect(answers).toContain(said)
    }
    expect(client.text).toBe('')
    client.socket.end()
    await client.readToEnd()
    expect(front.closings).toEqual(['REM_CLOSE'])
    expect(front.events.filter((event) => event.startsWith('failed'))).toEqual([])
    await front.listener.drain(0)
  },
)
