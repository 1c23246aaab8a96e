import { describe } from 'vitest'
import { defaultParameters } from '../../src/config/parameters.ts'
import { setParameter } from '../../src/config/parameter-values.ts'
import { RequestHead, type ResponseHead } from '../../src/http/message.ts'
import type { Fields } from '../../src/http/fields.ts'
import { isBodyless } from '../../src/http/status.ts'
import { Answers } from '../../src/ruletest/engine/answers.ts'
import { Driver } from '../../src/ruletest/engine/driver.ts'
import { Engine } from '../../src/ruletest/engine/engine.ts'
import { responseOf } from '../../src/ruletest/engine/exchange.ts'
import type { RequestStep, Step } from '../../src/ruletest/language/ast.ts'
import { parseTests } from '../../src/ruletest/language/parse.ts'
import { compileVcl } from '../../src/vcl/load.ts'
import { randomFrom } from '../fuzz/generate.ts'
import type { TestCache } from '../kit/cache.ts'
import type { Conversation } from '../kit/conversation.ts'
import type { Message } from '../kit/message.ts'
import type { TestOrigin } from '../kit/origin.ts'
import { vtc } from '../kit/vtc.ts'
import { type ExampleFile, exampleFiles, from, Rules } from './examples/example.ts'

/**
 * `lacquer test` and a worker are one and the same cache: stories made at random are played to both, with the rules of vcl-examples, and
 * clients get the same responses, origins the same requests.
 */

/** Probes are the manager's, and here there is none. */
const FILES = exampleFiles().filter(({ name }) => name !== 'grace-when-sick.vcl')
const STEPS = 24
const SEED = Number(process.env['LACQUER_FUZZ_SEED'] ?? 20261125)

const METHODS = ['GET', 'GET', 'GET', 'GET', 'HEAD', 'POST', 'PURGE', 'BAN', 'OPTIONS']
const TARGETS = [
  '/',
  '/',
  '/a',
  '/a?b=1&a=2',
  '/cart',
  '/articles/1',
  '/wp-admin/',
  '/media/1.jpg',
  '/style.css?v=1',
  '/v1/public',
  '/admin',
  '/live',
]
const ASKED = [
  'Cookie: session=1',
  'Cookie: wordpress_logged_in_0a=u',
  'Authorization: x',
  'User-Agent: iPhone',
  'Accept-Language: de',
  'If-None-Match: "e"',
  'Cache-Control: no-cache',
  'X-Purge-Tags: red',
  'X-Ban-Url: .',
  'X-Cache-Debug: 1',
  'Host: www.example.com',
]
const ANSWERS = ['200', '200', '200', '200', '404', '302', '500', '503', '204']
const ANSWERED = [
  'Vary: Cookie',
  'Vary: Accept-Language',
  'Set-Cookie: a=b',
  'ETag: "e"',
  'Cache-Control: max-age=60',
  'Cache-Control: public, s-maxage=600',
  'Cache-Control: private',
  'Cache-Control: max-age=5, stale-if-error=600',
  'xkey: red',
  'body "hello"',
  'body 40k',
]

function story(next: (n: number) => number): string {
  const pick = (list: readonly string[]): string => list[next(list.length)]
  const some = (list: readonly string[]): string[] => [...new Set(Array.from({ length: next(3) }, () => `  ${pick(list)}`))]
  const step = (): string[] => {
    switch (next(6)) {
      case 0:
        return [`origin ${pick(ANSWERS)}${['', ' once', ' for /a*'][next(3)]}`, ...some(ANSWERED)]
      case 1:
        return [`wait ${pick(['1s', '6s', '20s', '70s', '2h'])}`]
      default:
        return [`${pick(METHODS)} ${pick(TARGETS)} from ${pick(['192.0.2.7', '203.0.113.9'])}`, ...some(ASKED)]
    }
  }
  return ['test x', '  GET /', ...Array.from({ length: STEPS }, step).flat()].join('\n')
}

/** What a client or an origin got, without what depends on the machine. */
interface Told {
  readonly start: string
  readonly fields: readonly string[]
  readonly body: string
}

/** What can be used for nothing any more a store forgets when it likes: then it is one of the misses, and `stale` before. */
const FORGOTTEN = /^(cache-status: lacquer; fwd)=(?:stale|uri-miss|vary-miss|miss)/
const OURS = /^(?:date|connection|keep-alive):/

function told(start: string, lines: readonly string[], body: string): Told {
  const fields = lines
    .map((line) => line.replace(/^[^:]*/, (name) => name.toLowerCase()).replace(FORGOTTEN, '$1'))
    .filter((line) => !OURS.test(line))
  return { start, fields: fields.toSorted(), body }
}

function linesOf({ names, values, count }: Fields): string[] {
  return names.slice(0, count).map((name, i) => `${name}: ${values[i]}`)
}

/** The worker with its origins, which answer from one table. */
class Real {
  readonly answers = new Answers()
  readonly asked: Told[] = []
  readonly v1: TestCache
  private readonly t: Conversation
  private clients = 0

  private constructor(t: Conversation, v1: TestCache) {
    this.t = t
    this.v1 = v1
  }

  static async start(t: Conversation, file: ExampleFile, policy: 'rfc9111' | 'varnish'): Promise<Real> {
    const names = [...file.text.matchAll(/^backend (\w+)/gm)].map(([, name]) => name)
    const place: { real: Real | undefined } = { real: undefined }
    const origins: Record<string, TestOrigin> = {}
    for (const name of names) {
      origins[name] = await t.origin(name, (s) =>
        s.forever(async () => {
          const { request } = await s.rx()
          const [start, lines, body] = place.real!.answer(name, request)
          s.tx(start, ...lines)
          if (body !== '') s.txbody(body)
          // A pipe ends with its origin.
          if (/close/i.test(request.field('connection') ?? '')) s.close()
        }),
      )
    }
    place.real = new Real(t, await new Rules(file.text, policy).start(t, origins))
    return place.real
  }

  async ask(step: RequestStep): Promise<Told> {
    const client = await from(this.t, this.v1, step.ip.text, `c${++this.clients}`)
    client.request(step.method, step.url, ...step.fields.map(([name, value]) => `${name}: ${value}`))
    const { start, lines, body } = await (step.method === 'HEAD' ? client.rxForHead() : client.rx())
    client.close()
    return told(start, lines, body)
  }

  /** All that the engine's origins were asked has been asked here, too, and is over. */
  settled(exchanges: number): Promise<void> {
    return this.t.until(`${exchanges} fetches are over`, () => {
      const records = this.v1.log()
      const begun = records.filter(({ tag, text }) => tag === 'Begin' && text.startsWith('bereq'))
      const ended = new Set(records.filter(({ tag }) => tag === 'End').map(({ xid }) => xid))
      return this.asked.length >= exchanges && begun.every(({ xid }) => ended.has(xid))
    })
  }

  private answer(name: string, request: Message): [string, string[], string] {
    const bereq = new RequestHead()
    ;[bereq.method, bereq.url] = request.start.split(' ')
    for (const line of request.lines) bereq.fields.append(line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim())
    const answer = this.answers.take(name, bereq)
    this.asked.push(told(`${name} ${bereq.method} ${bereq.url}`, linesOf(bereq.fields), request.body))
    const body = answer.body ?? String(this.asked.length)
    const head: ResponseHead = responseOf(answer, body.length).head
    const silent = bereq.method === 'HEAD' || isBodyless(head.status)
    return [`HTTP/1.1 ${head.status} ${head.reason}`, linesOf(head.fields), silent ? '' : body]
  }
}

/** The same in an engine of rule tests. */
class Tried {
  readonly engine: Engine
  private readonly driver: Driver

  constructor(file: ExampleFile, policy: string) {
    const params = defaultParameters()
    setParameter(params, `policy=${policy}`)
    const compiled = compileVcl(file.text, { path: file.name, policy: params.policy, vcl_path: [], trace: true })
    if (!compiled.ok) throw new Error(compiled.text)
    this.engine = new Engine(compiled.program.image, params, STEPS)
    this.driver = new Driver(this.engine)
  }

  get asked(): Told[] {
    return this.engine.origin.exchanges.map(({ backend, head, body }) =>
      told(`${backend} ${head.method} ${head.url}`, linesOf(head.fields), body),
    )
  }

  async ask(step: RequestStep): Promise<Told> {
    const asked = await this.driver.ask(step)
    await this.driver.answer(asked)
    const { status, reason, fields, body } = asked.client.reply
    return told(`HTTP/1.1 ${status} ${reason}`, fields === undefined ? [] : linesOf(fields), body)
  }

  wait(seconds: number): Promise<void> {
    return this.driver.wait(seconds)
  }
}

/** The first that differs, in full. */
function same(what: string, worker: readonly Told[], test: readonly Told[]): void {
  for (let i = 0; i < Math.max(worker.length, test.length); i++) {
    const [a, b] = [JSON.stringify(worker[i]), JSON.stringify(test[i])]
    if (a !== b) throw new Error(`${what}\n  in a worker: ${a}\n  in a test:   ${b}`)
  }
}

async function play(steps: readonly Step[], real: Real, tried: Tried): Promise<void> {
  for (const step of steps) {
    if (step.kind === 'origin') {
      real.answers.add(step)
      tried.engine.origin.answers.add(step)
    } else if (step.kind === 'wait') {
      await tried.wait(step.seconds)
      real.v1.advance(step.seconds * 1000)
    } else if (step.kind === 'request') {
      const [there, here] = [await tried.ask(step), await real.ask(step)]
      await real.settled(tried.asked.length)
      same(`line ${step.at.line}: ${step.method} ${step.url}`, [here], [there])
      same(`line ${step.at.line}: what origins got`, real.asked, tried.asked)
    }
  }
}

describe.each(FILES)('$name', (file) => {
  for (const policy of ['rfc9111', 'varnish'] as const) {
    vtc(`in a worker as in a test (${policy})`, async (t) => {
      const random = randomFrom(SEED + FILES.indexOf(file))
      const text = story((n) => Math.floor(random() * n))
      const parsed = parseTests(text, 'story.test')
      if (!parsed.ok) throw new Error(parsed.diagnostics[0].message)
      await play(parsed.file.tests[0].steps, await Real.start(t, file, policy), new Tried(file, policy))
    })
  }
})
