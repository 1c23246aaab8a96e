/**
 * Pages of gzip put together from fragments that come whole or in pieces, at once or later, gzip, plain, or pages of gzip themselves, some of which
 * break: what comes out must be one sound gzip member, of the text that is due, or break off. LACQUER_FUZZ_ROUNDS and LACQUER_FUZZ_SEED for more.
 */
import { gunzipSync, gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { FairTurns } from '../../src/base/fair-turns.ts'
import { BodyPump, type PumpHost } from '../../src/flow/body-pump.ts'
import type { ClientConnection } from '../../src/flow/client.ts'
import { Fragment } from '../../src/flow/filters/esi/fragment.ts'
import { EsiGzipFilter } from '../../src/flow/filters/esi/gzip-filter.ts'
import type { EsiInclude } from '../../src/flow/filters/esi/include.ts'
import { PageOutput } from '../../src/flow/filters/esi/page-output.ts'
import { EsiReader, type Includer } from '../../src/flow/filters/esi/reader.ts'
import { Sections } from '../../src/flow/filters/esi/sections.ts'
import { FetchLine } from '../../src/flow/filters/fetch-line.ts'
import type { Body, BodyReader } from '../../src/store/contract.ts'
import { randomFrom } from './generate.ts'

const ROUNDS = Number(process.env['LACQUER_FUZZ_ROUNDS'] ?? 120)
const SEED = Number(process.env['LACQUER_FUZZ_SEED'] ?? 20261126)
const PARAMS = { gzip_level: 6, gzip_memlevel: 8, gzip_buffer: 2048 }
const FEATURES = { disable_xml_check: true, ignore_https: false, ignore_other_elements: false, remove_bom: false }
const OPTIONS: object = { info: true }
const TURNS = new FairTurns()
const PARENT = { facts: {} } as unknown as ClientConnection

type Below = (limit: number) => number

interface Part {
  readonly kind: 'page' | 'gzip' | 'plain'
  readonly text: string
  readonly parts: readonly Part[]
  readonly breaks: boolean
}

function somePart(chance: Below, depth: number): Part {
  const kind = depth < 3 && (depth === 0 || chance(3) === 0) ? 'page' : chance(2) === 0 ? 'gzip' : 'plain'
  const words = [0, chance(20), chance(300), chance(15_000)][chance(4)]
  const text = Array.from({ length: words }, () => `w${chance(5000)}`).join(' ')
  const parts = kind === 'page' ? Array.from({ length: chance(5) }, () => somePart(chance, depth + 1)) : []
  return { kind, text, parts, breaks: depth > 0 && kind !== 'page' && chance(12) === 0 }
}

/** What came of it, by what is due: what broke is there up to somewhere, if it is plain, and not at all if it is gzip. */
function pattern({ kind, text, parts, breaks }: Part): string {
  if (kind === 'page') return `${text}${parts.map((part) => `[${pattern(part)}]`).join('')}`
  if (!breaks) return text
  return kind === 'gzip' ? '' : '\u0001'
}

/** A body that a test fills. */
class TestBody {
  readonly state = 'complete'
  readonly pieces: Buffer[]

  constructor(pieces: Buffer[]) {
    this.pieces = pieces
  }

  get size_bytes(): number {
    return this.pieces.reduce((sum, { length }) => sum + length, 0)
  }

  read(): BodyReader {
    const left = this.pieces.slice()
    return { next: () => left.shift(), done: true, failed: false, onMore: undefined, release: () => {} }
  }
}

function bodyOf(pieces: Buffer[]): Body {
  return new TestBody(pieces) as unknown as Body
}

function cut(bytes: Buffer, chance: Below): Buffer[] {
  const pieces: Buffer[] = []
  const most = 1 + chance(chance(2) === 0 ? 50 : 30_000)
  for (let at = 0; at < bytes.length;) pieces.push(bytes.subarray(at, (at += 1 + chance(most))))
  return pieces
}

/** A page as it is stored: its includes are numbered. */
function stored({ text, parts }: Part, chance: Below): Promise<Body> {
  const html = Buffer.from(`${text}${parts.map((_, i) => `[<esi:include src="/${i}"/>]`).join('')}`)
  return new Promise((resolve, reject) => {
    const out: Buffer[] = []
    const filter = new EsiGzipFilter('/', FEATURES, PARAMS, () => {})
    let room = (): void => {}
    const line = new FetchLine(
      [filter],
      { take: (piece) => (out.push(Buffer.from(piece)), true), complete: () => {} },
      {
        resumeCall: () => room(),
        storeFull: () => {},
        bodyComplete: () => resolve(bodyOf(cut(Buffer.concat(out), chance))),
        filterFailed: (message) => reject(new Error(message)),
        log: { masks: () => true, record: () => {} },
      },
    )
    const pieces = cut(html, chance)
    const more = (): void => {
      for (let piece = pieces.shift(); piece !== undefined; piece = pieces.shift()) {
        if (line.take(piece)) continue
        room = () => {
          room = () => {}
          more()
        }
        return
      }
      line.complete()
    }
    more()
  })
}

function sometime(chance: Below, act: () => void): void {
  if (chance(3) === 0) act()
  else if (chance(2) === 0) process.nextTick(act)
  else setImmediate(act)
}

/** Answers an include as a request would. */
async function answer(part: Part, fragment: Fragment, chance: Below): Promise<void> {
  if (part.kind === 'page') return answerPage(part, fragment, chance)
  const bytes = part.kind === 'gzip' ? gzipSync(part.text) : Buffer.from(part.text)
  if (part.kind === 'gzip') fragment.packed = bodyOf([bytes])
  if (!part.breaks && chance(2) === 0) return void fragment.respond('HTTP/1.1 200 OK', bytes.length === 0 ? undefined : bytes)
  fragment.start('HTTP/1.1 200 OK')
  const pieces = cut(part.breaks ? bytes.subarray(0, chance(bytes.length)) : bytes, chance)
  const more = (): void => {
    fragment.onDrain = undefined
    for (let piece = pieces.shift(); piece !== undefined; piece = pieces.shift()) {
      if (fragment.write(piece)) continue
      fragment.onDrain = () => sometime(chance, more)
      return
    }
    if (part.breaks) fragment.abort()
    else fragment.end()
  }
  sometime(chance, more)
}

async function answerPage(part: Part, fragment: Fragment, chance: Below): Promise<void> {
  const output = newOutput('blocks', await stored(part, chance))
  fragment.blocks = output.output
  const host: PumpHost = {
    connection: fragment,
    body_tx_bytes: 0,
    body_tx_pieces: 0,
    slow: () => {},
    streamed: (whole) => {
      pump.release()
      if (whole) fragment.end()
      else fragment.abort()
    },
    broke: (error) => {
      throw error
    },
  }
  const pump = new BodyPump(host, TURNS)
  fragment.start('HTTP/1.1 200 OK')
  pump.sendFrom(new EsiReader(output.body, includerOf(part, chance), output.output), -1)
}

function newOutput(form: 'gzip' | 'blocks', body: Body): { output: PageOutput; body: Body } {
  return { output: new PageOutput(form, new Sections(body)), body }
}

function includerOf({ parts }: Part, chance: Below): Includer {
  return {
    begin: ({ url }: EsiInclude) => {
      const fragment = new Fragment(PARENT, true)
      const part = parts[Number(url.slice(1))]
      sometime(chance, () => void answer(part, fragment, chance))
      return fragment
    },
    breaks: () => false,
  }
}

/** All of it, or undefined when it broke off. */
async function assembled(part: Part, chance: Below): Promise<Buffer | undefined> {
  const { output, body } = newOutput('gzip', await stored(part, chance))
  const reader = new EsiReader(body, includerOf(part, chance), output)
  const out: Buffer[] = []
  for (;;) {
    const piece = reader.next()
    if (piece !== undefined) out.push(Buffer.from(piece))
    else if (reader.failed || reader.done) break
    else await new Promise<void>((resolve) => (reader.onMore = resolve))
  }
  const { failed } = reader
  reader.release()
  return failed ? undefined : Buffer.concat(out)
}

/** `due` with anything that goes on from there, where a plain one broke. */
function matches(text: string, due: string): boolean {
  const [first, ...others] = due.split('\u0001')
  if (!text.startsWith(first)) return false
  let at = first.length
  for (const [i, other] of others.entries()) {
    at = i === others.length - 1 ? text.length - other.length : text.indexOf(other, at)
    if (at < 0 || !text.startsWith(other, at)) return false
    at += other.length
  }
  return at === text.length
}

test(`${ROUNDS} pages`, { timeout: 120_000 }, async () => {
  const random = randomFrom(SEED)
  const chance: Below = (limit) => Math.floor(random() * limit)
  const seen = { whole: 0, broken: 0 }
  for (let round = 0; round < ROUNDS; round++) {
    const page = somePart(chance, 0)
    const member = await assembled(page, chance)
    seen[member === undefined ? 'broken' : 'whole']++
    if (member === undefined) continue
    const what = `round ${round} of seed ${SEED}`
    const { buffer, engine } = gunzipSync(member, OPTIONS) as unknown as { buffer: Buffer; engine: { bytesWritten: number } }
    expect(engine.bytesWritten, what).toBe(member.length)
    expect(matches(buffer.toString(), pattern(page)), `${what}: ${buffer.toString().slice(0, 200)}`).toBe(true)
  }
  expect(seen.whole).toBeGreaterThan(ROUNDS / 2)
  expect(seen.broken).toBeLessThan(ROUNDS / 4)
})
