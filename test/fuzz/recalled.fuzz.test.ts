/**
 * Conversations by random rules, with all that is remembered of requests (outcomes, portions, templates of the log) and with none of it: answers and records
 * must be the same, to the byte and the microsecond. LACQUER_FUZZ_ROUNDS and LACQUER_FUZZ_SEED for more.
 */
import { gzipSync } from 'node:zlib'
import { afterEach, expect, test, vi } from 'vitest'
import { Outcomes } from '../../src/flow/outcomes.ts'
import { Templates } from '../../src/log/templates.ts'
import { LogWriter } from '../../src/log/writer.ts'
import { Portion } from '../../src/vcl/runtime/portions.ts'
import type { ClientContext } from '../../src/vcl/runtime/context.ts'
import { compileVcl } from '../../src/vcl/load.ts'
import { rulesFor, startCache, type TestCache } from '../kit/cache.ts'
import type { Client } from '../kit/client.ts'
import { Conversation } from '../kit/conversation.ts'
import type { TestOrigin } from '../kit/origin.ts'
import { randomFrom } from './generate.ts'
import { REQUEST_STATEMENTS } from '../vcl/statements.ts'

const ROUNDS = Number(process.env['LACQUER_FUZZ_ROUNDS'] ?? 8)
const SEED = Number(process.env['LACQUER_FUZZ_SEED'] ?? 20261126)
const REQUESTS = 90

const RECV = [
  ...REQUEST_STATEMENTS,
  'if (req.url ~ "b") { set req.grace = 20s; }',
  'if (req.http.Again && req.restarts == 0) { return (restart); }',
  'set req.http.X-Forwarded-For = regsub(req.http.X-Forwarded-For, ",.*", "");',
  'header.append(req.http.X-Multi, req.http.User-Agent);',
  'if (req.esi_level > 0) { set req.http.Level = req.esi_level; set req.http.Top = req_top.url; }',
  'set req.http.X-Staff = client.ip ~ staff;',
  'std.collect(req.http.Cookie);',
  'if (req.http.Accept-Encoding ~ "gzip") { set req.http.Accept-Encoding = "gzip"; } else { unset req.http.Accept-Encoding; }',
  'std.timestamp("R");',
  'if (req.url ~ "q") { set req.http.D = 1 / std.integer(req.http.N, 0); }',
]
const HASH = [
  '',
  'sub vcl_hash { hash_data(req.url); hash_data(req.http.Host); hash_data(req.http.M); }',
  'sub vcl_hash { hash_data(client.ip); hash_data(regsub(req.url, "z.*", "")); hash_data(std.tolower(req.http.User-Agent)); }',
]
const DELIVER = [
  'set resp.http.Seen = req.url + "|" + req.http.A + "|" + req.http.Cookie + "|" + req.http.M + "|" + req.http.N + "|" + req.grace;',
  'set resp.http.More = req.http.X-F + "|" + req.http.X-Forwarded-For + "|" + req.http.X-Multi + "|" + req.http.Top;',
  'unset resp.http.Via;',
  'set resp.http.Hits = obj.hits;',
  'std.log("deliver " + req.url);',
  'if (obj.hits > 3) { set resp.http.Hot = "1"; }',
  'unset resp.http.ETag;',
  'set resp.http.Age = "5";',
  'if (req.url ~ "b") { set resp.status = 203; }',
]
const METHODS = ['GET', 'GET', 'GET', 'GET', 'HEAD', 'PURGE', 'POST']
const TARGETS = ['/a?utm=1&z=1&b=2', '/b?ref=2', '/a', '/q/x', '/c?b=1&a=2', '/esi', '/gz', '/vary', '/gone', '/long', '/short']
const LINES = [
  ['Host: A.example:80', 'Host: a.example', 'Host: b'],
  ['User-Agent: Phone 1', 'User-Agent: desk', 'user-agent: PHONE', ''],
  ['Cookie: t=1; u=2', 'Cookie: s=1', 'cookie: t=33', '', '', 'Cookie: a=1\nCookie: b=2'],
  ['', '', 'A: 1', 'N: 7', 'M: x\nZ: y', 'A: 1\nA: 2', 'Again: 1', 'X-Forwarded-For: 192.0.2.1', 'Accept-Encoding: br, gzip;q=0.5'],
  ['', '', '', 'Range: bytes=1-3', 'If-None-Match: "e"', 'Range: bytes=0-0,2-3', 'Cache-Control: max-age=1', 'Accept-Encoding: gzip'],
]
const PARAMS: Record<string, string>[] = [
  {},
  {},
  { vsl_mask: 'default,-RespHeader' },
  { vsl_mask: 'default,+Hash' },
  { vsl_mask: 'default,-Timestamp' },
  { vsl_mask: 'default,-Hit,-ReqAcct' },
  { vsl_reclen: '70' },
  { vsl_version: '2' },
  { cache_status: 'key' },
]
/** Of a multipart body, where the log has cut it as well. */
const BOUNDARY = /(?<=boundary=|--)[0-9a-f]+/g
const DATE = 'Thu, 01 Jan 2026 00:00:00 GMT'

/** All that is random about a conversation, from one seed. */
class Plan {
  readonly below: (limit: number) => number
  readonly rules: readonly string[]
  readonly params: Readonly<Record<string, string>>
  private readonly kinds: readonly { method: string; target: string; lines: readonly string[] }[]

  constructor(seed: number) {
    const random = randomFrom(seed)
    this.below = (limit) => Math.floor(random() * limit)
    this.rules = [this.someRules(), this.someRules()]
    this.params = { ...this.pick(PARAMS), policy: this.pick(['rfc9111', 'varnish']) }
    this.kinds = Array.from({ length: 5 }, () => {
      const lines = LINES.flatMap((list) => this.pick(list).split('\n')).filter((line) => line !== '')
      return { method: this.pick(METHODS), target: this.pick(TARGETS), lines }
    })
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)]
  }

  /** Mostly what came before. */
  request(i: number): [method: string, target: string, lines: readonly string[]] {
    const { kinds } = this
    const { method, target, lines } = this.below(4) === 0 ? this.pick(kinds) : kinds[Math.floor((i * kinds.length) / REQUESTS)]
    return [this.below(12) === 0 ? this.pick(METHODS) : method, this.below(10) === 0 ? this.pick(TARGETS) : target, lines]
  }

  private someRules(): string {
    const some = (list: readonly string[], most: number) => Array.from({ length: this.below(most) }, () => this.pick(list)).join('\n')
    return `import std; import header; acl staff +log { "127.0.0.1"; } unused staff;
      sub vcl_recv { if (req.method == "PURGE") { return (purge); } if (req.url == "/gone") { return (synth(410)); } ${some(RECV, 9)} ${this.pick(['', 'return (hash);'])} }
      ${this.pick(HASH)}
      sub vcl_deliver { ${some(DELIVER, 4)} }
      sub vcl_backend_response { if (bereq.url ~ "esi") { set beresp.do_esi = true; } ${this.pick(['', 'set beresp.do_gzip = true;'])} }`
  }
}

/** Small answers: when a long one has come is not the same each time. */
function answering(t: Conversation): Promise<TestOrigin> {
  return t.origin('s1', (s) =>
    s.forever(async () => {
      const { request } = await s.rx()
      const [method, target] = request.start.split(' ')
      const lines = ['Cache-Control: max-age=1000', 'ETag: "e"', `Last-Modified: ${DATE}`, `Date: ${DATE}`]
      if (target.includes('esi')) s.answer('<p><esi:include src="/a"/>', ...lines)
      else if (target.includes('gz')) s.answer(gzipSync('hello '.repeat(9)).toString('latin1'), ...lines, 'Content-Encoding: gzip')
      else if (target.includes('vary')) s.answer(`vary ${request.field('user-agent')}`, ...lines, 'Vary: User-Agent')
      else if (target.includes('long')) s.answer('long '.repeat(800), ...lines)
      else if (target.includes('short')) s.answer('short', 'Cache-Control: max-age=20', `Date: ${DATE}`)
      else s.answer(`${method} ${target}`, ...lines)
    }),
  )
}

/** Sent `times` at once. `last`: the connection ends with it. */
async function ask(
  c: Client,
  [method, target, lines]: ReturnType<Plan['request']>,
  times: number,
): Promise<{ text: string; last: boolean }> {
  for (let i = 0; i < times; i++) c.tx(`${method} ${target} HTTP/1.1`, ...lines, ...(method === 'POST' ? ['Content-Length: 0'] : []))
  let text = `${method} ${target}:`
  let last = false
  for (let i = 0; i < times && !last; i++) {
    const answer = method === 'HEAD' ? await c.rxForHead({}) : await c.rx({})
    text += ` ${JSON.stringify(answer)}`.replaceAll(BOUNDARY, 'BOUNDARY')
    last = answer.field('connection') === 'close'
  }
  return { text, last }
}

/** Transactions in the order of their ids, without what is another each time: ports, file descriptors, which connection was free. */
function records(v1: TestCache): string[][] {
  const known = new Map<number, string[]>()
  for (const { tag, xid, text } of v1.log()) {
    const lines = known.get(xid) ?? [String(xid)]
    known.set(xid, lines)
    if (tag === 'BackendOpen' || tag === 'BackendClose') continue
    const steady = text.replaceAll(/127\.0\.0\.1[ :]\d+/g, '127.0.0.1 PORT').replaceAll(BOUNDARY, 'BOUNDARY')
    lines.push(tag === 'SessOpen' ? `${tag} ${steady.replace(/ \d+$/, '')}` : `${tag} ${steady}`)
  }
  return [...known].toSorted(([a], [b]) => a - b).map(([, lines]) => lines)
}

function useOther(v1: TestCache, origin: TestOrigin, vcl: string, policy: string): void {
  const compiled = compileVcl(rulesFor({ origin, vcl }), { path: 'x.vcl', policy: policy as 'varnish', vcl_path: [] })
  if (!compiled.ok) throw new Error(compiled.text)
  v1.rules.obey({ does: 'load', set: { id: 2, name: 'other', image: compiled.program.image, counters: [] } })
  v1.rules.obey({ does: 'use', id: 2 })
}

async function converse(t: Conversation, plan: Plan): Promise<{ answers: string[]; told: string[][] }> {
  const { params, rules } = plan
  const origin = await answering(t)
  const v1 = t.cache(await startCache({ origin, vcl: rules[0], params }))
  let opened = 0
  const connect = () => t.connect(`c${++opened}`, v1)
  const clients = [await connect(), await connect()]
  const answers: string[] = []
  for (let i = 0; i < REQUESTS; i++) {
    if (i === REQUESTS / 2) useOther(v1, origin, rules[1], params['policy'])
    const who = plan.below(3) >> 1
    const { text, last } = await ask(clients[who], plan.request(i), plan.below(6) === 0 ? 3 : 1)
    answers.push(text)
    if (last) clients[who] = await connect()
    if (plan.below(3) === 0) v1.advance(plan.below(900) * (plan.below(20) === 0 ? 100 : 1))
  }
  for (const client of clients) client.close()
  // Sessions say it last.
  await t.until('all is told', () => v1.log().filter(({ tag }) => tag === 'SessClose').length === opened)
  await t.until('all has ended', () => records(v1).every((lines) => lines[0] === '0' || lines.at(-1)?.startsWith('End') === true))
  return { answers, told: records(v1) }
}

function rememberNothing(): void {
  vi.spyOn(Outcomes.prototype, 'recalls').mockReturnValue(false)
  vi.spyOn(Templates.prototype, 'ask').mockReturnValue(false)
  vi.spyOn(Portion.prototype as { run: (c: ClientContext) => number }, 'run').mockImplementation(function (this: unknown, c) {
    return (this as { body: (c: ClientContext) => number }).body(c)
  })
}

afterEach(() => vi.restoreAllMocks())

test.each(Array.from({ length: ROUNDS }, (_, i) => SEED + i))('what is remembered of requests changes nothing: %i', async (seed) => {
  const came: { answers: string[]; told: string[][] }[] = []
  for (const remembers of [false, true]) {
    if (!remembers) rememberNothing()
    await new Conversation().converse(async (t) => void came.push(await converse(t, new Plan(seed))))
    vi.restoreAllMocks()
  }
  const [without, having] = came
  expect(having.answers).toEqual(without.answers)
  expect(having.told).toEqual(without.told)
})

test('and much of it is recalled', async () => {
  const recalls = vi.spyOn(Outcomes.prototype, 'recalls')
  const templates = vi.spyOn(LogWriter.prototype, 'writeTwo')
  for (const seed of [1, 2, 3, 4]) await new Conversation().converse(async (t) => void (await converse(t, new Plan(seed))))
  expect(recalls.mock.results.filter(({ value }) => value === true).length).toBeGreaterThan(40)
  expect(templates.mock.calls.length).toBeGreaterThan(10)
})
