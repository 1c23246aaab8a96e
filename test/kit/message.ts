import type { Wire } from './wire.ts'

/** A message as it came, decoded just enough to be asked about. */
export class Message {
  readonly start: string
  readonly lines: readonly string[]
  body = ''
  /** Lines behind the last chunk. */
  trailers: readonly string[] = []

  constructor(head: string) {
    const [start, ...lines] = head.slice(0, -4).split('\r\n')
    this.start = start
    this.lines = lines
  }

  get status(): number {
    return Number(/^HTTP\/\d\.\d (\d{3})/.exec(this.start)?.[1] ?? NaN)
  }

  /** Values of the field joined with ", ", undefined without one. */
  field(name: string): string | undefined {
    const prefix = name.toLowerCase() + ':'
    const values = this.lines.filter((line) => line.toLowerCase().startsWith(prefix)).map((line) => line.slice(prefix.length).trim())
    return values.length === 0 ? undefined : values.join(', ')
  }
}

export interface Expected {
  start?: string | RegExp
  status?: number
  /** undefined: the field must not be there. */
  fields?: Record<string, string | RegExp | undefined>
  body?: string | RegExp
  /** For bodies too long to write down. */
  body_bytes?: number
}

export async function readHead(wire: Wire): Promise<Message> {
  const head = await wire.takeThrough('\r\n\r\n', 'a message head')
  wire.heard(head)
  return new Message(head.toString('latin1'))
}

/** `bodyless`: the answer to a HEAD. */
export async function readBody(wire: Wire, message: Message, bodyless: boolean): Promise<void> {
  const response = message.start.startsWith('HTTP/')
  if (bodyless || (response && (message.status < 200 || message.status === 204 || message.status === 304))) return
  const length = message.field('content-length')
  if (message.field('transfer-encoding') !== undefined) await readChunks(wire, message)
  else if (length !== undefined) setBody(wire, message, await wire.take(Number(length), 'the body'))
  else if (response) setBody(wire, message, await wire.takeAll('the end of the body'))
}

/** One chunk's data; empty for the last one, whose trailers go into the message. */
export async function readChunk(wire: Wire, message: Message | undefined): Promise<Buffer> {
  await endChunk(wire)
  const line = (await wire.takeThrough('\r\n', 'a chunk size')).toString('latin1')
  if (!/^[0-9a-f]+(;.*)?\r\n$/i.test(line)) throw new Error(`${wire.name}: not a chunk size: ${JSON.stringify(line)}`)
  const data = await wire.take(parseInt(line, 16), 'a chunk')
  wire.heard(Buffer.concat([Buffer.from(line, 'latin1'), data]))
  if (data.length === 0) await readTrailers(wire, message)
  else wire.inChunk = true
  return data
}

/** The CRLF behind a chunk's data may come together with the next size (undici sends it so). */
async function endChunk(wire: Wire): Promise<void> {
  if (!wire.inChunk) return
  wire.inChunk = false
  const end = await wire.take(2, 'the end of a chunk')
  if (end.toString('latin1') !== '\r\n') throw new Error(`${wire.name}: no CRLF behind a chunk`)
}

async function readChunks(wire: Wire, message: Message): Promise<void> {
  const pieces: Buffer[] = []
  for (;;) {
    const piece = await readChunk(wire, message)
    if (piece.length === 0) break
    pieces.push(piece)
  }
  message.body = Buffer.concat(pieces).toString('latin1')
}

async function readTrailers(wire: Wire, message: Message | undefined): Promise<void> {
  const trailers: string[] = []
  for (;;) {
    const line = (await wire.takeThrough('\r\n', 'a trailer line')).toString('latin1').slice(0, -2)
    if (line === '') break
    trailers.push(line)
  }
  if (message !== undefined) message.trailers = trailers
}

function setBody(wire: Wire, message: Message, body: Buffer): void {
  wire.heard(body)
  message.body = body.toString('latin1')
}

/** Throws what is not as expected; `who` got it. */
export function check(who: string, message: Message, expected: Expected): void {
  const wrong: string[] = []
  const compare = (what: string, got: string | undefined, want: string | RegExp | undefined) => {
    if (!matches(got, want)) wrong.push(`${what}: expected ${show(want)}, got ${show(got)}`)
  }
  if (expected.start !== undefined) compare('start line', message.start, expected.start)
  if (expected.status !== undefined) compare('status', String(message.status), String(expected.status))
  for (const [name, want] of Object.entries(expected.fields ?? {})) compare(name, message.field(name), want)
  if (expected.body !== undefined) compare('body', message.body, expected.body)
  if (expected.body_bytes !== undefined) compare('body length', String(message.body.length), String(expected.body_bytes))
  if (wrong.length > 0) throw new Error(`${who}: ${wrong.join('; ')}`)
}

function matches(got: string | undefined, want: string | RegExp | undefined): boolean {
  if (want instanceof RegExp) return got !== undefined && want.test(got)
  return got === want
}

function show(value: string | RegExp | undefined): string {
  if (value === undefined) return 'none'
  return value instanceof RegExp ? String(value) : JSON.stringify(value.length > 200 ? value.slice(0, 200) + '...' : value)
}
