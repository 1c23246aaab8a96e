import { createServer, request as httpRequest, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as after } from 'node:timers/promises'
import { passingAgain } from '../again.ts'
import { hasFailed, mended, type Judged } from '../score.ts'
import { OUTCOME } from '../outcome.ts'
import type { Expected, LaterCase, Turn } from './case.ts'

const PAUSE_MS = 3000
const PATIENCE_MS = 20_000

interface Asked {
  readonly turn: number
  readonly method: string
  readonly headers: IncomingMessage['headers']
}

interface Got {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly body: string
  readonly interim: readonly number[]
}

/** Plays the cases against a proxy in front of `server`, all side by side. */
export class Later {
  readonly server: Server
  private readonly cases: readonly LaterCase[]
  private readonly asked = new Map<string, Asked[]>()
  private readonly began = new Map<string, number>()

  constructor(cases: readonly LaterCase[]) {
    this.cases = cases
    this.server = createServer((request, response) => void this.answer(request, response))
  }

  async listen(): Promise<number> {
    await new Promise<void>((resolve, reject) => this.server.on('error', reject).listen(0, '127.0.0.1', resolve))
    return (this.server.address() as AddressInfo).port
  }

  async run(base: string): Promise<Judged[]> {
    const first = await this.playAll(this.cases, `${base}/1`)
    let round = 1
    const passed = await passingAgain(new Set(first.filter(hasFailed).map(({ id }) => id)), async (ids) => {
      const chosen = this.cases.filter(({ id }) => ids.has(id))
      // At other URLs: nothing is stored of them.
      const again = await this.playAll(chosen, `${base}/${++round}`)
      return new Set(again.filter(({ outcome }) => outcome === OUTCOME.pass).map(({ id }) => id))
    })
    const now = first.map((one) => (passed.has(one.id) ? { ...one, outcome: OUTCOME.pass, message: '' } : one))
    return mended(first, now, passed)
  }

  private playAll(cases: readonly LaterCase[], base: string): Promise<Judged[]> {
    return Promise.all(cases.map((one) => this.play(one, base)))
  }

  private async play(one: LaterCase, base: string): Promise<Judged> {
    const { id, kind } = one
    this.asked.delete(id)
    this.began.delete(id)
    for (const [i, turn] of one.turns.entries()) {
      const got = await this.ask(one, i, base)
      const wrong = this.wrongWith(one, i, got)
      if (wrong !== undefined) {
        return { suite: 'later editions', id, kind, outcome: turn.expect === undefined ? OUTCOME.setup : OUTCOME.fail, message: wrong }
      }
      if (turn.pause) await after(PAUSE_MS)
    }
    return { suite: 'later editions', id, kind, outcome: OUTCOME.pass, message: '' }
  }

  private ask({ id, turns }: LaterCase, turn: number, base: string): Promise<Got> {
    const { method = 'GET', lines = [], body, query = '' } = turns[turn].ask ?? {}
    const headers = [...lines.map((line) => this.dated(id, line)), `Turn: ${turn}`].map(split)
    return new Promise((resolve, reject) => {
      const interim: number[] = []
      const sent = httpRequest(`${base}/${id}${query}`, { method, agent: false, timeout: PATIENCE_MS }, (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        const end = (): void =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks).toString(), interim })
        response.on('end', end)
        response.on('error', reject)
      })
      for (const [name] of headers)
        sent.setHeader(
          name,
          headers.filter(([other]) => other === name).map(([, value]) => value),
        )
      sent.on('information', ({ statusCode }) => interim.push(statusCode))
      sent.on('timeout', () => sent.destroy(new Error(`no answer in ${PATIENCE_MS / 1000} s`)))
      sent.on('error', reject)
      sent.end(body)
    })
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const id = new URL(request.url ?? '/', 'http://origin').pathname.split('/')[2]
    const turn = Number(request.headers.turn)
    const answer = this.cases.find((one) => one.id === id)?.turns[turn]?.answer ?? {}
    const seen = this.asked.get(id) ?? []
    this.asked.set(id, [...seen, { turn, method: request.method ?? '', headers: request.headers }])
    if (!this.began.has(id)) this.began.set(id, Date.now())
    request.resume()
    if (answer.delay_ms !== undefined) await after(answer.delay_ms)
    if (answer.closes) return void request.socket.destroy()
    for (const { status, fields } of answer.interim ?? []) {
      if (status === 102) response.writeProcessing()
      else response.writeEarlyHints({ link: '</a.css>; rel=preload', ...fields })
    }
    const lines = [...(answer.lines ?? []).map((line) => this.dated(id, line)), `Turn: ${turn}`]
    response.writeHead(answer.status ?? 200, lines.flatMap(split))
    response.end(answer.body ?? `turn ${turn}`)
  }

  private dated(id: string, line: string): string {
    const began_ms = this.began.get(id) ?? Date.now()
    return line.replace(/\{(-?\d+)\}/g, (_, seconds: string) => new Date(began_ms + Number(seconds) * 1000).toUTCString())
  }

  private wrongWith({ id, turns }: LaterCase, turn: number, got: Got): string | undefined {
    const { answer, expect }: Turn = turns[turn]
    const status = expect?.status ?? (expect?.from === 'nowhere' || expect?.from === 'store' ? undefined : (answer?.status ?? 200))
    if (status !== undefined && got.status !== status && !(status === 304 && expect?.from === 'validated'))
      return `status ${got.status}, not ${status}`
    if (expect === undefined) return undefined
    const asked = this.asked.get(id)?.find((one) => one.turn === turn)
    return (
      wrongOrigin(expect, turn, got, asked) ??
      wrongFields('response', expect.fields, got.headers) ??
      wrongFields('request', expect.asked, asked?.headers ?? {}) ??
      (expect.method !== undefined && asked?.method !== expect.method
        ? `the origin was asked by ${asked?.method ?? 'nothing'}`
        : undefined) ??
      (expect.body !== undefined && got.body !== expect.body ? `body ${JSON.stringify(got.body)}` : undefined) ??
      (expect.interim !== undefined && got.interim.join() !== expect.interim.join()
        ? `interim responses: ${got.interim.join()}`
        : undefined)
    )
  }
}

function wrongOrigin({ from, status }: Expected, turn: number, { headers }: Got, asked: Asked | undefined): string | undefined {
  const made = headers.turn === undefined ? undefined : Number(headers.turn)
  const conditional = asked?.headers['if-none-match'] ?? asked?.headers['if-modified-since']
  if (from === 'origin' && made !== turn) return 'it does not come from the origin'
  if (from === 'nowhere' && made !== undefined) return 'it is a response of the origin'
  if (from === 'validated' && conditional === undefined) return 'the origin was not asked on conditions'
  if (from === 'store' && (asked !== undefined || (made === undefined ? status !== 304 : made >= turn)))
    return 'it does not come from the store'
  return undefined
}

function wrongFields(what: string, expected: Expected['fields'], headers: IncomingMessage['headers']): string | undefined {
  for (const [name, want] of Object.entries(expected ?? {})) {
    const got = [headers[name.toLowerCase()]].flat().join(', ')
    const fits = want instanceof RegExp ? want.test(got) : got === (want ?? '')
    if (!fits) return `${what}: ${name} is ${JSON.stringify(got)}`
  }
  return undefined
}

function split(line: string): [name: string, value: string] {
  const colon = line.indexOf(':')
  return [line.slice(0, colon), line.slice(colon + 1).trim()]
}
