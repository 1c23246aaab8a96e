import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { PolicyName } from '../../../src/policy/policy.ts'
import { startCache, type TestCache } from '../../kit/cache.ts'
import type { Client } from '../../kit/client.ts'
import type { Conversation } from '../../kit/conversation.ts'
import type { Message } from '../../kit/message.ts'
import type { TestOrigin } from '../../kit/origin.ts'

/** A file of vcl-examples under one policy: its conversations start it in front of origins of theirs. */
export class Rules {
  private readonly text: string
  private readonly policy: PolicyName

  constructor(text: string, policy: PolicyName) {
    this.text = text
    this.policy = policy
  }

  /** The same rules with another wording somewhere, as an operator would adapt them. */
  adapted(from: string, to: string): Rules {
    if (!this.text.includes(from)) throw new Error(`the rules do not say ${from}`)
    return new Rules(this.text.replaceAll(from, to), this.policy)
  }

  /** Backends by name; those that are not given do not exist. Clients come through PROXY: see `from`. */
  async start(t: Conversation, backends: Record<string, TestOrigin>): Promise<TestCache> {
    const vcl = this.text.replace(/^backend (\w+) \{.*?^\}/gms, (declaration, name: string) => pointAt(declaration, name, backends[name]))
    const params = { policy: this.policy, timeout_idle: '1y', backend_idle_timeout: '20d' }
    return t.cache(await startCache({ vcl: vcl.slice(vcl.indexOf('vcl 4.1;')), params, listen: '127.0.0.1:0,PROXY' }))
  }
}

function pointAt(declaration: string, name: string, origin: TestOrigin | undefined): string {
  if (origin === undefined) return `backend ${name} none;`
  return declaration.replace(/\.host = "[^"]*"/, '.host = "127.0.0.1"').replace(/\.port = "[^"]*"/, `.port = "${origin.port}"`)
}

/** One conversation for each sentence of the promise. */
export type Promises = Record<string, (t: Conversation, rules: Rules) => Promise<void>>

const FOLDER = join(import.meta.dirname, '../../../vcl-examples')

export interface ExampleFile {
  readonly name: string
  readonly path: string
  readonly text: string
  /** What is behind "Promise:" in its opening comment, a sentence a star. */
  readonly promise: readonly string[]
  readonly adapt: string
  /** Those that it says it is written for. */
  readonly policies: readonly string[]
}

/** What there is, by name. */
export function exampleFiles(): ExampleFile[] {
  const names = readdirSync(FOLDER).filter((name) => name.endsWith('.vcl'))
  return names.toSorted().map((name) => readExample(name, join(FOLDER, name)))
}

export const README = join(FOLDER, 'README.md')

function readExample(name: string, path: string): ExampleFile {
  const text = readFileSync(path, 'latin1')
  const comment = (/^(?:#.*\n)+/.exec(text)?.[0] ?? '').replaceAll(/^# ?/gm, '')
  const part = (from: string, to: string) => new RegExp(`^${from}:(.*?)^${to}`, 'ms').exec(comment)?.[1].trim() ?? ''
  const promise = part('Promise', 'Adapt')
    .split(/^\s*\* /m)
    .map((sentence) => sentence.trim().replaceAll(/\s+/g, ' '))
    .filter((sentence) => sentence !== '')
  const policies = /^Policy: (.*)$/m.exec(comment)?.[1].split(', ') ?? []
  return { name, path, text, promise, adapt: part('Adapt', 'Policy'), policies }
}

/** An origin that answers each request with its number, and remembers what it was asked. */
export interface Site {
  readonly origin: TestOrigin
  readonly requests: readonly Message[]
}

/** `reply` gives field lines, or a status line and field lines. */
export async function site(t: Conversation, reply: (request: Message) => readonly string[] = () => [], name = 's1'): Promise<Site> {
  const requests: Message[] = []
  const origin = await t.origin(name, (s) =>
    s.forever(async () => {
      const { request } = await s.rx()
      requests.push(request)
      s.answer(String(requests.length), ...reply(request))
    }),
  )
  return { origin, requests }
}

/** So many fetches are over, and what they brought is in the cache. */
export function fetched(t: Conversation, v1: TestCache, count: number): Promise<void> {
  return t.until(`${count} fetches are over`, () => v1.log().filter(({ tag }) => tag === 'BereqAcct').length === count)
}

/** A visitor: an address that no rule file knows. */
export const STRANGER = '203.0.113.9'
/** In the network that the rule files call their own. */
export const STAFF = '192.0.2.7'

/** A client with that address. */
export async function from(t: Conversation, v1: TestCache, ip: string, name = 'c1'): Promise<Client> {
  const client = await t.connect(name, v1)
  client.raw(ip.includes(':') ? `PROXY TCP6 ${ip} ::1 4000 80\r\n` : `PROXY TCP4 ${ip} 127.0.0.1 4000 80\r\n`)
  return client
}

export function visitor(t: Conversation, v1: TestCache, name = 'c1'): Promise<Client> {
  return from(t, v1, STRANGER, name)
}

export const MINUTE_MS = 60_000
export const HOUR_MS = 60 * MINUTE_MS
export const DAY_MS = 24 * HOUR_MS
