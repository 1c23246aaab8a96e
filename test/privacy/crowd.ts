import { LeanClient } from '../kit/lean.ts'
import type { Received } from '../kit/message-reader.ts'
import { Patience, Signal } from '../kit/patience.ts'
import type { Lines, Request } from '../model/rfc9111/message.ts'
import { PROFILES } from './profiles.ts'
import type { Town } from './town.ts'

const USERS = ['alice', 'bob', 'carol', 'dave']
/** First part of the path: which rules. */
const RULES = ['plain', 'ttl', 'plain', 'grace', 'unkept', 'plain', 'pass']
const PER_TURN = 12

/** The rules of the crowd's cache: such as loosen and tighten what may be kept, and restarts. */
export const VCL = `
sub vcl_recv {
  if (req.method == "PURGE") { return (purge); }
  if (req.url ~ "^/pass/") { return (pass); }
}
sub vcl_backend_response {
  if (bereq.url ~ "^/ttl/") { set beresp.ttl = 2s; }
  if (bereq.url ~ "^/grace/") { set beresp.grace = 1h; set beresp.keep = 1h; }
  if (bereq.url ~ "^/unkept/") { set beresp.uncacheable = true; set beresp.ttl = 1s; }
}
sub vcl_deliver {
  if (req.http.X-Restart && req.restarts == 0) { return (restart); }
}`

type Random = (below: number) => number

function pick<T>(random: Random, of: readonly T[]): T {
  return of[random(of.length)]
}

function identity(random: Random): Lines {
  const user = `user-${pick(random, USERS)}`
  const cookie: Lines = [['Cookie', `theme=dark; sid=${user}`]]
  const authorization: Lines = [['Authorization', `Bearer ${user}`]]
  return pick(random, [
    cookie,
    cookie,
    authorization,
    authorization,
    [['X-User', user]],
    [...cookie, ...authorization],
    [
      ['Cookie', 'theme=dark'],
      ['Cookie', `sid=${user}`],
    ],
    [],
  ])
}

/** Anything a client may send. `turn` is what most ask for at the time: one thing after another that nobody has asked for before. */
function requestOf(random: Random, turn: number): Request {
  const extras: Lines[] = [
    [['Range', `bytes=${random(100)}-${200 + random(200)}`]],
    [['If-None-Match', pick(random, ['"alice"', '"bob"', '"one"', '*'])]],
    [['Cache-Control', pick(random, ['no-cache', 'max-stale', 'only-if-cached', 'no-store', 'max-age=0', 'stale-if-error=60'])]],
    [['X-Restart', '1']],
    [['If-Modified-Since', 'Wed, 01 Jan 2020 00:00:00 GMT']],
  ]
  const method = random(10) > 0 ? 'GET' : pick(random, ['HEAD', 'HEAD', 'HEAD', 'POST', 'PUT', 'PURGE'])
  const extra = random(3) === 0 ? pick(random, extras) : []
  const which = random(4) > 0 ? turn : Math.max(0, turn - random(40))
  const target = `/${RULES[which % RULES.length]}/${which % PROFILES.length}/${which}`
  return { method, target, lines: [...identity(random), ...extra] }
}

/** Many clients that ask for the same few things at once; returns what any of them saw that it should not have. */
export async function mingle(town: Town, port: number, random: Random, clients: number, requests: number): Promise<string[]> {
  const wrongs: string[] = []
  let left = requests
  // The crowd moves from one resource to the next together, so that they wait for one another.
  const run = async (): Promise<void> => {
    const line = new Line(port)
    for (; left > 0 && wrongs.length === 0; left--) {
      const request = requestOf(random, Math.floor((requests - left) / PER_TURN))
      const answer = await line.ask(request)
      if (answer !== undefined) wrongs.push(...town.wrongs(request, answer))
    }
    line.close()
  }
  await Promise.all(Array.from({ length: clients }, run))
  return wrongs
}

/** One client's connection, made again when it is gone. */
class Line {
  private readonly port: number
  private readonly signal = new Signal(new Patience(30_000))
  private client: LeanClient | undefined

  constructor(port: number) {
    this.port = port
  }

  /** undefined when the connection ended without an answer. */
  async ask({ method, target, lines }: Request): Promise<Received | undefined> {
    const client = (this.client ??= await LeanClient.open(this.port, this.signal))
    const framing: Lines = method === 'POST' || method === 'PUT' ? [['Content-Length', '0']] : []
    const answer = await client.ask(method, target, [['Host', 'town.test'], ...lines, ...framing])
    if (client.reader.ended || /^HTTP\/1.1 \d* /.exec(answer?.start ?? '') === null) this.close()
    return answer
  }

  close(): void {
    this.client?.close()
    this.client = undefined
  }
}
