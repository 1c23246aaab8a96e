import type { Socket } from 'node:net'
import { LeanClient, LeanOrigin } from '../kit/lean.ts'
import type { Received } from '../kit/message-reader.ts'
import { Patience, Signal } from '../kit/patience.ts'
import { CASES, type Ask, type Case, type Line } from './cases.ts'

/** What a cache did with one request, as it is recorded. */
export interface Outcome {
  readonly status: number
  /** hit, miss, hitmiss, pass, hitpass, synth, as the rules saw it. */
  readonly how: string
  /** Which of the origin's answers it is, and how often it has been hit. */
  readonly answer: string
  readonly hits: string
  readonly age: number | null
  /** beresp.ttl, grace, keep as the rules found them, and obj.* as they were in the end. */
  readonly initial: string
  readonly object: string
  /** Fields of interest, as they arrived. */
  readonly fields: string
  readonly body: string
  /** What the origin was asked meanwhile: method, and conditions. */
  readonly asked: readonly string[]
}

const PATIENCE_MS = 20_000

/** The origin that both caches have, and a client that plays the cases to one of them. */
export class Player {
  private readonly origin = new LeanOrigin((socket, message) => this.answer(socket, message))
  private readonly signal = new Signal(new Patience(PATIENCE_MS))
  /** Requests by path, in the order of their arrival. */
  private readonly asked = new Map<string, string[]>()

  listen(): Promise<number> {
    return this.origin.listen()
  }

  close(): void {
    this.origin.close()
  }

  /** All cases, one after the other, by number and step. */
  async play(port: number): Promise<Outcome[][]> {
    this.asked.clear()
    const outcomes: Outcome[][] = []
    for (const [i, one] of CASES.entries()) outcomes.push(await this.playOne(port, one, `/${one.rules}/${i}`))
    return outcomes
  }

  private async playOne(port: number, { asks }: Case, path: string): Promise<Outcome[]> {
    const outcomes: Outcome[] = []
    for (const ask of asks) {
      const before = this.countOf(path)
      const received = ask.refreshed ? await this.refreshed(port, ask, path, outcomes.at(-1)) : await this.send(port, ask, path)
      const outcome = outcomeOf(received, [])
      if (isStale(outcome)) await this.hearMore(path, before)
      const asked = (this.asked.get(path) ?? []).slice(before)
      outcomes.push(ask.refreshed ? { ...outcome, hits: '', asked } : { ...outcome, asked })
    }
    return outcomes
  }

  /** A stale answer is followed by a fetch in the background. */
  private async hearMore(path: string, than: number): Promise<void> {
    await this.signal.until(
      () => `${path} is asked for once more`,
      () => this.countOf(path) > than,
    )
  }

  /** Asks until the answer is another one than the stale one before. */
  private async refreshed(port: number, ask: Ask, path: string, stale: Outcome | undefined): Promise<Received> {
    const until_ms = performance.now() + PATIENCE_MS
    for (;;) {
      const received = await this.send(port, ask, path)
      const { answer, initial } = outcomeOf(received, [])
      if (answer !== stale?.answer || initial !== stale.initial) return received
      if (performance.now() > until_ms) throw new Error(`${path} stays as it was`)
    }
  }

  private countOf(path: string): number {
    return this.asked.get(path)?.length ?? 0
  }

  private async send(port: number, { method, lines }: Ask, path: string): Promise<Received> {
    const client = await LeanClient.open(port, this.signal)
    const framing: readonly Line[] = method === 'POST' || method === 'PUT' || method === 'PATCH' ? [['Content-Length', '0']] : []
    const message = await client.ask(method, path, [['Host', 'example.com'], ...lines, ...framing])
    client.close()
    if (message === undefined) throw new Error(`${method} ${path}: no answer`)
    return message
  }

  private answer(socket: Socket, { start, lines }: Received): void {
    const [method, path] = start.split(' ')
    const asked = this.asked.get(path) ?? []
    const n = asked.length
    const conditions = lines.filter(([name]) => /^if-|^range$/i.test(name)).map(([name, value]) => ` ${name}: ${value}`)
    this.asked.set(path, [...asked, [method, ...conditions.toSorted()].join('')])
    const { answers } = CASES[Number(path.split('/')[2])]
    const chosen = answers[Math.min(n, answers.length - 1)]
    const confirms = chosen.status === 304 && conditions.length > 0
    const status = chosen.status === 304 && !confirms ? 200 : chosen.status
    const bodyless = status === 304 || status === 204
    const body = `answer ${n}`
    const framing: readonly Line[] = bodyless ? [] : [['Content-Length', String(body.length)]]
    const name: Line = [confirms ? 'X-Confirm' : 'X-Answer', String(n)]
    socket.write(
      `HTTP/1.1 ${status} Reason\r\n${text([...chosen.lines, name, ...framing])}\r\n${bodyless || method === 'HEAD' ? '' : body}`,
    )
    this.signal.fire()
  }
}

function isStale({ how, object }: Outcome): boolean {
  return how === 'hit' && object.startsWith('-')
}

function text(lines: readonly Line[]): string {
  return lines.map(([name, value]) => `${name}: ${typeof value === 'number' ? dateIn(value) : value}\r\n`).join('')
}

/** As the server's clock has it: both caches and this origin run on one machine. */
function dateIn(seconds: number): string {
  return new Date(performance.timeOrigin + performance.now() + seconds * 1000).toUTCString()
}

const OF_INTEREST = ['x-confirm', 'x-old', 'x-new', 'x-both', 'etag', 'cache-control', 'vary', 'set-cookie', 'content-range', 'location']

function outcomeOf({ start, lines, body }: Received, asked: readonly string[]): Outcome {
  const value = (name: string): string =>
    lines
      .filter(([key]) => key.toLowerCase() === name)
      .map(([, v]) => v)
      .join(', ')
  const age = lines.find(([name]) => name.toLowerCase() === 'age')?.[1]
  const made = value('x-how') === ''
  return {
    status: Number(start.slice(9, 12)),
    how: made ? 'synth' : value('x-how'),
    answer: value('x-answer'),
    hits: value('x-hits'),
    age: age === undefined ? null : Number(age),
    initial: value('x-initial'),
    object: value('x-obj'),
    fields: OF_INTEREST.filter((name) => value(name) !== '')
      .map((name) => `${name}: ${value(name)}`)
      .join('; '),
    body: made ? '' : body,
    asked,
  }
}
