import { Agent, request, type IncomingMessage } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import { habitOf, isPiece, sizeOf } from './objects.ts'
import type { Origin } from './origin.ts'
import { randomFrom } from '../kit/random.ts'

/** What all churners have seen together. */
export interface Tally {
  requests: number
  whole: number
  bytes: number
  ranges: number
  purges: number
  /** Broken responses, by why they may break; those for which there is no reason are in `wrong`. */
  broken: Record<'origin' | 'death', number>
  /** Error pages: the fetch failed, or the client was to wait too long. */
  errors: number
  /** Requests sent again because the connection that was kept had ended. */
  resent: number
  wrong: string[]
}

export interface Scene {
  readonly port: number
  readonly objects: number
  readonly origin: Origin
  readonly tally: Tally
  /** How long a client pauses between requests, on average. */
  readonly think_ms: number
  /** Versions up to this were given before a purge that has been answered: nobody may be served one. */
  readonly floors: number[]
  /** Workers that were to end so far, and those of them that have ended for good. */
  deaths: number
  buried: number
  over: boolean
}

/** Nothing takes so long, however slow the client: who waits longer was forgotten. */
const PATIENCE_MS = 60_000
const SLOW_PAUSE_MS = 30

interface Asked {
  readonly object: number
  readonly floor: number
  /** As it was asked: a death that was ordered and not over, or came later, may be felt. */
  readonly buried: number
  /** The same of responses of the origin's that broke off: the client may have lost the head that says so. */
  readonly breaks: number
  /** First byte wanted, and how many; -1: all of it. */
  readonly from: number
  readonly length: number
  readonly variant: string
}

/** One client: asks for one object after the other, on one connection as long as that lasts, and looks at every byte. */
export class Churner {
  private readonly scene: Scene
  private readonly agent = new Agent({ keepAlive: true, maxSockets: 1 })
  private readonly random: (below: number) => number
  private readonly slow: boolean

  constructor(scene: Scene, seed: number, slow: boolean) {
    this.scene = scene
    this.random = randomFrom(seed)
    this.slow = slow
  }

  async run(): Promise<void> {
    const { scene } = this
    while (!scene.over) {
      const object = this.choose()
      if (this.random(150) === 0) await this.purge(object)
      else await this.get(object)
      if (scene.think_ms > 0) await pause(this.random(2 * scene.think_ms))
    }
    this.agent.destroy()
  }

  /** Few are wanted often; the slow ones take large ones more often. */
  private choose(): number {
    const { objects } = this.scene
    const pick = (): number => Math.floor(objects * (this.random(2 ** 30) / 2 ** 30) ** 3)
    const object = pick()
    return this.slow && sizeOf(object) < 20_000 ? pick() : object
  }

  private async purge(object: number): Promise<void> {
    const { scene } = this
    const issued = scene.origin.versionOf(object)
    const status = await this.send('PURGE', object, {}, async (response) => {
      response.resume()
      await ended(response)
      return response.statusCode
    })
    if (status !== 200) return
    scene.tally.purges++
    scene.floors[object] = Math.max(scene.floors[object], issued)
  }

  private async get(object: number): Promise<void> {
    const { scene } = this
    const { tally } = scene
    const partial = this.random(10) === 0
    const from = partial ? this.random(sizeOf(object)) : 0
    const length = partial ? Math.min(sizeOf(object) - from, 1 + this.random(100_000)) : -1
    const variant = String(this.random(2))
    const headers: Record<string, string> = { 'X-Variant': variant }
    if (partial) headers['Range'] = `bytes=${from}-${from + length - 1}`
    const asked: Asked = {
      object,
      floor: scene.floors[object],
      buried: scene.buried,
      breaks: scene.origin.breaksOf(object),
      from,
      length,
      variant,
    }
    tally.requests++
    const heard = await this.send('GET', object, headers, (response) => this.hear(response, asked))
    if (heard === undefined && !this.excused(asked) && !scene.over) this.wrong(asked, 'no answer, and nobody has died')
  }

  /** Undefined when there was no answer at all. */
  private send<T>(
    method: string,
    object: number,
    headers: Record<string, string>,
    heard: (response: IncomingMessage) => Promise<T>,
    agent: Agent | false = this.agent,
  ): Promise<T | undefined> {
    const { port, tally } = this.scene
    return new Promise((resolve) => {
      const sent = request({ host: '127.0.0.1', port, path: `/${object}`, method, headers, agent })
      sent.on('response', (response) => resolve(heard(response)))
      sent.on('error', () => {
        if (!sent.reusedSocket) return resolve(undefined)
        // A kept connection may end at any time; that its worker died may be known before the end has arrived (RFC 9112 section 9.3.1).
        tally.resent++
        resolve(this.send(method, object, headers, heard, false))
      })
      sent.setTimeout(PATIENCE_MS, () => {
        if (!this.scene.over) this.scene.tally.wrong.push(`${method} /${object}: nothing for ${PATIENCE_MS} ms`)
        sent.destroy()
      })
      sent.end()
    })
  }

  private async hear(response: IncomingMessage, asked: Asked): Promise<true> {
    const { tally } = this.scene
    const { statusCode, headers } = response
    const version = Number(headers['x-version'])
    const ranged = statusCode === 206
    const from = ranged ? asked.from : 0
    let at = 0
    let right = true
    try {
      for await (const data of response as AsyncIterable<Buffer>) {
        if (statusCode !== 503) right &&= isPiece(asked.object, version, from + at, data)
        at += data.length
        if (this.slow) await pause(SLOW_PAUSE_MS)
      }
    } catch {
      // It broke off: `complete` says so.
    }
    tally.bytes += at
    if (!right) this.wrong(asked, `other bytes than those of version ${version}`)
    if ((headers['x-for'] ?? asked.variant) !== asked.variant) this.wrong(asked, `the variant of ${String(headers['x-for'])}`)
    if (version <= asked.floor) this.wrong(asked, `version ${version} was purged, with all up to ${asked.floor}`)
    if (!response.complete) this.broke(response, asked)
    else if (statusCode === 503) this.failed(asked)
    else if (at !== (ranged ? asked.length : sizeOf(asked.object))) this.wrong(asked, `${statusCode} with ${at} bytes`)
    else tally.whole++
    if (ranged) tally.ranges++
    return true
  }

  /** Somebody died, or the origin broke it off, while it was asked for. */
  private excused({ object, buried, breaks }: Asked): boolean {
    const { deaths, origin } = this.scene
    return deaths > buried || origin.breaksOf(object) > breaks
  }

  private broke({ headers }: IncomingMessage, asked: Asked): void {
    const { scene } = this
    const { broken } = scene.tally
    if (scene.over) return
    if (headers['x-breaks'] !== undefined) broken.origin++
    else if (scene.deaths > asked.buried) broken.death++
    else this.wrong(asked, 'broke off for no reason')
  }

  private failed(asked: Asked): void {
    const { scene } = this
    scene.tally.errors++
    if (!this.excused(asked)) this.wrong(asked, 'an error page for no reason')
  }

  private wrong({ object, from, length }: Asked, what: string): void {
    const { chunked, no_store, max_age, varies } = habitOf(object)
    const habit = `${sizeOf(object)} bytes${chunked ? ', chunked' : ''}${no_store ? ', no-store' : `, max-age ${max_age}`}${varies ? ', varies' : ''}`
    this.scene.tally.wrong.push(`/${object} (${habit}${length < 0 ? '' : `, range from ${from}`}): ${what}`)
  }
}

function ended(response: IncomingMessage): Promise<void> {
  return new Promise((resolve) => response.once('close', resolve))
}
