import { afterEach, describe, expect, test } from 'vitest'
import type { ClientConnection } from '../../../src/flow/client.ts'
import { LIMITS, requests, type Row } from '../http/requests.table.ts'
import { READ_PATHS, startFront, type Client, type Front } from './front.ts'

let front: Front
/** What the flow was handed, as the table writes it. */
let seen: object | undefined

afterEach(async () => {
  await front.listener.drain(0)
})

function record(c: ClientConnection): void {
  const { names, values, count } = c.req.fields
  seen = {
    method: c.req.method,
    url: c.req.url,
    fields: names.slice(0, count).map((name, i) => `${name}: ${values[i]}`),
    proto: c.req.proto,
    length_bytes: c.body?.length_bytes,
    upgrade: c.upgrade,
    head_bytes: c.head_bytes,
  }
  c.closeAfter('RESP_CLOSE')
  c.respond('HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n', undefined)
}

function expected({ outcome, bytes, rest }: Row): object | undefined {
  if (outcome.kind !== 'request') return undefined
  const { method, url, fields, proto, framing, content_length, upgrade } = outcome
  const length = content_length === 0 ? undefined : content_length
  const length_bytes = framing === 'chunked' ? -1 : length
  return { method, url, fields, proto, length_bytes, upgrade, head_bytes: bytes.length - rest.length }
}

async function answerTo(row: Row, send: (client: Client) => Promise<void>): Promise<void> {
  const client = front.connect()
  await send(client)
  const answer = await client.readToEnd()
  client.close()
  const { outcome } = row
  expect(seen).toEqual(expected(row))
  if (outcome.kind === 'request') expect(answer).toMatch(/^HTTP\/1\.1 200 /)
  else if (outcome.kind === 'incomplete') expect(answer).toBe('')
  else {
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${outcome.status} `))
    await front.until(`closed ${outcome.close}`)
  }
}

describe.each(READ_PATHS)('the parser table over a socket, read path %s', (path) => {
  async function start(row: Row): Promise<void> {
    seen = undefined
    front = await startFront({ path, flow: record, limits: row.limits ?? LIMITS })
  }

  test.each(requests.map((row) => [row.name, row] as const))('%s', async (_name, row) => {
    await start(row)
    await answerTo(row, async (client) => {
      client.send(row.bytes)
      // What is incomplete stays so: the end of what the client sends ends the connection.
      if (row.outcome.kind === 'incomplete') client.socket.end()
    })
  })

  test('every row in two pieces', async () => {
    for (const row of requests) {
      if (row.bytes.length < 2 || row.bytes.length > 2000) continue
      await start(row)
      await answerTo(row, async (client) => {
        await client.sent(row.bytes.slice(0, row.bytes.length / 2))
        client.socket.end(row.bytes.slice(row.bytes.length / 2), 'latin1')
      })
      await front.listener.drain(0)
    }
  })
})
