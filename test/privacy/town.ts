import type { Socket } from 'node:net'
import { LeanOrigin } from '../kit/lean.ts'
import type { Received } from '../kit/message-reader.ts'
import { CacheControl } from '../model/rfc9111/directives.ts'
import { firstOf, has, type Lines, type Request, valuesOf } from '../model/rfc9111/message.ts'
import { withheld } from '../model/rfc9111/reuse.ts'
import { breaksPromise, refusesStoring } from '../model/rfc9111/storing.ts'
import { varyMatches } from '../model/rfc9111/vary.ts'
import { PROFILES, type Profile } from './profiles.ts'

/** Every response says whose it is, in its body and in a field: <<user:number of the request at the origin>>. */
const SECRET = /<<(\w+):(\d{6})>>/g
const SECRETS_IN_BODY = 40

/** A request that reached the origin, and what it was told. */
interface Told {
  readonly user: string
  readonly request: Request
  readonly status: number
  readonly lines: Lines
}

/** Who asks: by whatever says so. */
export function userOf(lines: Lines): string {
  const said = ['authorization', 'cookie', 'x-user'].flatMap((name) => valuesOf(lines, name)).join(' ')
  return /user-(\w+)/.exec(said)?.[1] ?? 'nobody'
}

/** What the cache may do with what it is told: as the RFC has it, or as Varnish's built-in rules do. */
export type Law = 'rfc9111' | 'varnish'

/** An origin all of whose responses are somebody's, and the judge of who may see them. */
export class Town {
  /** Secrets of another that were seen because the origin had allowed it. */
  shared = 0
  private readonly told: Told[] = []
  private readonly origin = new LeanOrigin((socket, message) => this.answer(socket, message))
  private readonly random: (below: number) => number
  private readonly law: Law

  constructor(random: (below: number) => number, law: Law = 'rfc9111') {
    this.random = random
    this.law = law
  }

  open(): Promise<number> {
    return this.origin.listen()
  }

  close(): void {
    this.origin.close()
  }

  get asked(): number {
    return this.told.length
  }

  /** What is wrong with this answer: secrets of others that nobody had allowed, and bodies of more than one response. */
  wrongs(request: Request, { start, lines, body }: Received): string[] {
    const user = userOf(request.lines)
    const found: string[] = []
    for (const [name, value] of lines)
      for (const secret of value.matchAll(SECRET)) found.push(...this.seen(request, user, secret, name.toLowerCase()))
    for (const secret of body.matchAll(SECRET)) found.push(...this.seen(request, user, secret, 'body'))
    const numbers = new Set(Array.from(body.matchAll(SECRET), ([, , number]) => number))
    if (numbers.size > 1) found.push(`bytes of several responses in one: ${[...numbers].join(', ')}`)
    return [...new Set(found)].map(
      (text) => `${user} asked ${request.method} ${request.target} ${JSON.stringify(request.lines)}, got ${start}: ${text}`,
    )
  }

  private seen(request: Request, user: string, [secret, owner, number]: RegExpExecArray, where: string): string[] {
    if (owner === user) return []
    const told = this.told[Number(number)]
    const why = this.law === 'varnish' ? refusedByVarnish(told, request) : refusedByRfc(told, request)
    const refused = why ?? (withheld(told.lines).includes(where) ? 'the field is not for the store' : undefined)
    if (refused === undefined) this.shared++
    return refused === undefined
      ? []
      : [`${where} has ${secret}, told ${JSON.stringify(told.lines)} in answer to ${JSON.stringify(told.request.lines)}: ${refused}`]
  }

  /** Now or a little later, so that others come to wait. */
  private answer(socket: Socket, { start, lines }: Received): void {
    const [method, target] = start.split(' ')
    const respond = (): void => this.respond(socket, { method, target, lines })
    if (this.random(3) === 0) respond()
    else setTimeout(respond, this.random(6))
  }

  private respond(socket: Socket, request: Request): void {
    const profile = PROFILES[Number(/\/(\d+)\//.exec(request.target)?.[1] ?? 0)]
    const user = userOf(request.lines)
    const number = String(this.told.length).padStart(6, '0')
    const secret = `<<${user}:${number}>>`
    const failure = profile.fails !== undefined && this.random(10) < profile.fails ? this.random(3) : -1
    const { status, lines, body } = failure === 0 ? errorFor(secret) : responseTo(request, profile, user, secret)
    this.told.push({ user, request, status, lines })
    if (failure === 1) return void socket.destroy()
    const bodyless = status === 304 || request.method === 'HEAD'
    const head = [...lines, ...(status === 304 ? [] : [['Content-Length', String(body.length)]])].map(
      ([name, value]) => `${name}: ${value}\r\n`,
    )
    socket.write(`HTTP/1.1 ${status} Reason\r\n${head.join('')}\r\n`)
    if (bodyless) return
    // In two pieces: who follows a body that is being filled sees both.
    socket.write(body.slice(0, body.length / 2))
    if (failure === 2) return void socket.end()
    setImmediate(() => socket.write(body.slice(body.length / 2)))
  }
}

function errorFor(secret: string): { status: number; lines: Lines; body: string } {
  return {
    status: 503,
    lines: [
      ['Cache-Control', 'private'],
      ['X-Secret', secret],
    ],
    body: secret.repeat(SECRETS_IN_BODY),
  }
}

function responseTo(request: Request, profile: Profile, user: string, secret: string): { status: number; lines: Lines; body: string } {
  const etag = profile.etag === undefined ? undefined : profile.etag === 'own' ? `"${user}"` : '"one"'
  const own: [string, string][] = [['X-Secret', secret]]
  if (etag !== undefined) own.push(['ETag', etag])
  if (profile.cookie) own.push(['Set-Cookie', `session=${secret}`])
  const lines = [...profile.lines, ...own]
  const body = secret.repeat(SECRETS_IN_BODY)
  if (etag !== undefined && firstOf(request.lines, 'if-none-match')?.includes(etag)) return { status: 304, lines, body: '' }
  const range = /^bytes=(\d+)-(\d+)$/.exec(firstOf(request.lines, 'range') ?? '')
  const whole = { status: profile.status ?? 200, lines, body }
  if (!profile.ranges || !range || has(request.lines, 'if-range')) return whole
  const part = body.slice(Number(range[1]), Number(range[2]) + 1)
  return {
    status: 206,
    lines: [...lines, ['Content-Range', `bytes ${range[1]}-${Number(range[1]) + part.length - 1}/${body.length}`]],
    body: part,
  }
}

/** Why what this request was told must not answer another (RFC 9111 section 3, 3.5, 4.1, and the README's promises); undefined when it may. */
function refusedByRfc({ request, status, lines }: Told, presented: Request): string | undefined {
  // Of a 304 and of a part: were it a whole response. HEAD is asked for as GET.
  const response = { status: status === 304 || status === 206 ? 200 : status, lines, requested_ms: 0, received_ms: 0 }
  const byRules = presented.target.startsWith('/ttl/')
  const refused = refusesStoring({ ...request, lines: [...request.lines] }, response)
  if (refused !== undefined && !(byRules && refused.startsWith('nothing in it permits'))) return refused
  return breaksPromise(response) ?? unmatched(lines, request, presented)
}

/** The built-in rules of policy=varnish: credentials are passed, and what is private is not kept. */
function refusedByVarnish({ request, lines }: Told, presented: Request): string | undefined {
  if (has(request.lines, 'cookie') || has(request.lines, 'authorization')) return 'the request has credentials'
  if (has(presented.lines, 'cookie') || has(presented.lines, 'authorization')) return 'it answers a request with credentials'
  if (has(lines, 'set-cookie')) return 'it sets a cookie'
  const said = new CacheControl(lines)
  const kept = ['private', 'no-cache', 'no-store'].find((name) => said.has(name))
  return kept === undefined ? unmatched(withoutCoding(lines), request, presented) : `it says ${kept}`
}

/** To Varnish one object is for whatever coding is asked for. */
function withoutCoding(lines: Lines): Lines {
  return lines.map(([name, value]) => [name, name.toLowerCase() === 'vary' ? value.replace(/,? *accept-encoding/i, '') : value])
}

function unmatched(lines: Lines, request: Request, presented: Request): string | undefined {
  return varyMatches(lines, request.lines, presented.lines) ? undefined : 'Vary tells them apart'
}
