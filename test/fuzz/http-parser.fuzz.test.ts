/**
 * Whatever our parser accepts, llhttp must accept and read the same way: the origins and proxies behind us are built on such parsers, and two
 * readings of one message are how requests get smuggled. The other direction is free: we may refuse what llhttp takes.
 *
 * Bounded in the suite; LACQUER_FUZZ_ROUNDS=1000000 LACQUER_FUZZ_SEED=... for more. A failure prints the bytes: add them to
 * corpus/http/, which is run as it is and is what the generator damages.
 */
import { readFileSync, readdirSync } from 'node:fs'
import { METHODS } from 'node:http'
import { expect, test } from 'vitest'
import { ChunkedDecoder } from '../../src/http/chunked.ts'
import { RequestHead } from '../../src/http/message.ts'
import { RequestParser } from '../../src/http/parse.ts'
import { requests } from '../unit/http/requests.table.ts'
import { Generator } from './generate.ts'
import { Llhttp } from './llhttp.ts'
import type { Message } from './llhttp.ts'

const ROUNDS = Number(process.env['LACQUER_FUZZ_ROUNDS'] ?? 4000)
const SEED = Number(process.env['LACQUER_FUZZ_SEED'] ?? 20261123)
const BATCH = 64
const CORPUS = new URL('corpus/http/', import.meta.url)

const corpus = readdirSync(CORPUS)
  .filter((name) => name.endsWith('.txt'))
  .map((name) => ({ name, bytes: readFileSync(new URL(name, CORPUS), 'latin1') }))
const llhttp = new Llhttp()
const parser = new RequestParser({ http_req_size: 64 * 1024, http_req_hdr_len: 32 * 1024, http_max_hdr: 100 })

/** The complete messages that we read, the way a connection would. */
function ours(bytes: Buffer): Message[] {
  const messages: Message[] = []
  let at = 0
  for (;;) {
    const head = new RequestHead()
    const consumed = parser.parse(bytes, at, bytes.length, head)
    if (consumed <= 0) return messages
    const body = bodyAt(bytes, at + consumed)
    if (body === undefined) return messages
    at += consumed + body.size_bytes
    const { names, values, count } = head.fields
    const fields = names.slice(0, count).map((name, i): [string, string] => [name, values[i]])
    messages.push({ method: head.method, url: head.url, fields, body: body.text, keep_alive: parser.keep_alive })
    if (!parser.keep_alive || head.method === 'CONNECT') return messages
  }
}

/** The body behind the head just parsed, or undefined if it is not complete or not right. */
function bodyAt(bytes: Buffer, at: number): { text: string; size_bytes: number } | undefined {
  if (parser.framing !== 'chunked') {
    const end = at + parser.content_length
    return end > bytes.length ? undefined : { text: bytes.toString('latin1', at, end), size_bytes: parser.content_length }
  }
  const decoder = new ChunkedDecoder()
  let text = ''
  const size_bytes = decoder.decode(bytes, at, bytes.length, {
    onChunkData(buffer, start, end) {
      text += buffer.toString('latin1', start, end)
    },
  })
  return decoder.done ? { text, size_bytes } : undefined
}

/** What we knowingly accept and llhttp does not; from there on nothing can be compared. */
function beyondLlhttp(bytes: string, message: Message): boolean {
  return !METHODS.includes(message.method) || BEYOND.some((pattern) => pattern.test(bytes))
}

const BEYOND = [
  // RFC 9112 section 2.3: a higher minor version is read as the highest we know.
  / HTTP\/1\.[2-9]\r\n/,
  // RFC 9110 section 5.5: whitespace around a value is none of its business. llhttp refuses a tab behind this one.
  /\r\ntransfer-encoding:[^\r]*\t\r\n/i,
  // RFC 9110 section 6.5.1: a trailer field never means what the header field of that name does. llhttp reads these.
  /\r\n0+(;[^\r]*)?\r\n([^\r]+\r\n)*(content-length|transfer-encoding|connection|upgrade):/i,
]

/** Behind a request to upgrade llhttp leaves off: what follows need not be HTTP. */
function endsHttp(message: Message): boolean {
  return message.fields.some(([name]) => name.toLowerCase() === 'upgrade')
}

/** Our message as llhttp gives it: absolute-form undone, and the Host that it replaced put aside. */
function comparable(message: Message, theirs: Message): [Message, Message] {
  if (theirs.url === message.url) return [message, theirs]
  const withoutHost = (from: Message, url: string): Message => ({
    ...from,
    url,
    fields: from.fields.filter(([name]) => name.toLowerCase() !== 'host'),
  })
  const host = message.fields.find(([name]) => name.toLowerCase() === 'host')?.[1] ?? ''
  const tail = message.url === '*' ? '' : message.url
  const spellings = ['http://', 'https://'].flatMap((scheme) => [scheme + host + tail, scheme + host + tail.slice(1)])
  const same = spellings.includes(theirs.url.replace(/^https?:/i, (scheme) => scheme.toLowerCase()))
  return [withoutHost(message, same ? theirs.url : message.url), withoutHost(theirs, theirs.url)]
}

/** How many of our messages were compared; throws where the readings differ. */
async function compare(name: string, text: string): Promise<number> {
  const bytes = Buffer.from(text, 'latin1')
  const mine = ours(bytes)
  if (mine.length === 0) return 0
  const theirs = await llhttp.messages(bytes)
  let compared = 0
  for (const message of mine) {
    if (beyondLlhttp(text, message)) break
    const other = theirs[compared]
    expect(other, `${name}: llhttp refuses message ${compared} of ${JSON.stringify(text)}`).toBeDefined()
    // Where we close earlier than llhttp would, nothing behind is read by anyone.
    if (!message.keep_alive) other.keep_alive = false
    const [a, b] = comparable(message, other)
    expect(a, `${name}: ${JSON.stringify(text)}`).toEqual(b)
    compared++
    if (endsHttp(message)) break
  }
  return compared
}

test('the corpus is read as llhttp reads it', async () => {
  expect(corpus.length).toBeGreaterThanOrEqual(40)
  let compared = 0
  for (const { name, bytes } of corpus) compared += await compare(name, bytes)
  expect(compared).toBeGreaterThan(40)
})

test('so is the byte table', async () => {
  let compared = 0
  for (const row of requests) if (row.limits === undefined) compared += await compare(row.name, row.bytes)
  expect(compared).toBeGreaterThan(60)
})

test(`so are ${ROUNDS} connections made up from seed ${SEED}`, { timeout: 20_000 + ROUNDS * 5 }, async () => {
  const generator = new Generator(
    SEED,
    corpus.map(({ bytes }) => bytes),
  )
  let compared = 0
  for (let round = 0; round < ROUNDS; round += BATCH) {
    const batch = Array.from({ length: BATCH }, (_, i) => compare(`round ${round + i}`, generator.next()))
    for (const count of await Promise.all(batch)) compared += count
  }
  // Most are damaged and refused; enough must get through for this to mean something.
  expect(compared).toBeGreaterThan(ROUNDS / 4)
})
