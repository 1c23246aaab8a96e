import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, test } from 'vitest'
import { Snippet } from '../../src/log/encoded.ts'
import type { Mark } from '../../src/log/transaction.ts'
import { HeadChanges, type Recording } from '../../src/vcl/runtime/portions.ts'
import { Texts } from '../../src/vcl/runtime/texts.ts'
import { Fields } from '../../src/http/fields.ts'
import { compile, FakeContext, load, run } from '../kit/fake-context.ts'
import { randomFrom } from '../fuzz/generate.ts'
import { REQUEST_STATEMENTS } from './statements.ts'

/** The functions that rules are cut up into, and what each asks for. */
function cut(rules: string): string[] {
  const compiled = compile(rules)
  if (!compiled.ok) throw new Error(compiled.text)
  const found = compiled.program.js.matchAll(
    /^const recalled\d+_sub_(\w+) = recalled\(\w+, \{ keys: (\[.*?\]), written: (\d+), url: (\w+)/gm,
  )
  return [...found].map(([, sub, keys, written, url]) => `${sub} ${keys} ${written}${url === 'true' ? ' url' : ''}`)
}

const URL_WORK = 'set req.url = regsuball(req.url, "utm=[^&]*&?", ""); set req.url = regsub(req.url, "[?&]+$", "");'
const COOKIE_WORK = 'if (req.http.Cookie ~ "a=1") { set req.http.A = "1"; } set req.http.Cookie = regsub(req.http.Cookie, "b=2", "");'

describe('rules are cut into portions', () => {
  test('of one thing that is various', () => {
    expect(cut(`sub vcl_recv { ${URL_WORK} ${COOKIE_WORK} }`)).toEqual(['vcl_recv [] 0 url', 'vcl_recv ["a","cookie"] 2'])
  })

  test('and of all that is not, with what they call', () => {
    const rules = `sub host { set req.http.Host = regsub(req.http.Host, ":.*", ""); } sub vcl_recv { call host; ${URL_WORK} set req.grace = 1s; }`
    expect(cut(rules)).toEqual(['vcl_recv ["host"] 1 url'])
  })

  test('not of what costs less than to find it', () => {
    expect(cut('sub vcl_recv { set req.grace = 1s; if (req.url == "/") { return (pass); } unset req.http.A; }')).toEqual([])
  })

  test.each([
    ['the time', 'set req.http.N = now;'],
    ['an address', 'if (client.ip == "192.0.2.1") { set req.http.N = "1"; }'],
    ['what a module keeps', 'set req.http.N = std.random(0, 1);'],
    ['lines of another message', 'set req.http.N = req_top.http.A;'],
    ['lines themselves', 'header.append(req.http.N, "x");'],
  ])('not across %s', (_what, statement) => {
    const rules = (middle: string) => cut(`import std; import header; sub vcl_recv { ${URL_WORK} ${middle} ${URL_WORK} }`)
    expect(rules('')).toHaveLength(1)
    expect(rules(statement)).toHaveLength(2)
  })

  test('across it where it hangs on a condition: then it is noted', () => {
    const rules = `sub vcl_recv { ${URL_WORK} if (req.method == "PURGE") { if (client.ip == "192.0.2.1") { return (purge); } } ${URL_WORK} }`
    expect(cut(rules)).toEqual(['vcl_recv [] 0 url'])
    const compiled = compile(rules)
    expect(compiled.ok && compiled.program.js).toContain('(c.apart = true, c.client_ip)')
  })

  test('a name that looks like one of ours is nobody else’s', () => {
    const rules = `sub portion0_sub_vcl_recv { set req.http.X = "theirs"; } sub vcl_recv { call portion0_sub_vcl_recv; ${URL_WORK} }`
    const c = new FakeContext()
    c.req.url = '/?utm=1'
    run(load(rules), 'recv', c)
    expect([c.req.fields.get('x'), c.req.url]).toEqual(['theirs', '/'])
  })
})

/** Records of a FakeContext: what its fields say. */
class Told extends Snippet {
  readonly changes: readonly string[]
  readonly lines: readonly string[]

  constructor(changes: readonly string[], lines: readonly string[]) {
    super(new Uint32Array(2), 2, 0)
    this.changes = changes
    this.lines = lines
  }
}

class FakeRecording implements Recording {
  readonly c: FakeContext
  generation = 1

  constructor(c: FakeContext) {
    this.c = c
  }

  mark(): Mark {
    return { at: this.c.changes.length, flushes: this.c.log.length }
  }

  since(mark: Mark): Snippet {
    return new Told(this.c.changes.slice(mark.at), this.c.log.slice(mark.flushes))
  }

  recall(records: Snippet): void {
    if (!(records instanceof Told)) throw new Error('not of this context')
    this.c.changes.push(...records.changes)
    this.c.log.push(...records.lines)
  }
}

const STATEMENTS = [
  ...REQUEST_STATEMENTS,
  'if (req.url ~ "b") { set req.grace = 20s; set req.backend_hint = two; }',
  'if (req.grace > 15s) { set req.http.G = req.grace; }',
  'set req.backend_hint = default;',
  'if (req.method == "PURGE") { if (client.ip == "192.0.2.1") { return (purge); } return (synth(405)); }',
  'if (req.http.A) { call more; }',
  'set req.hash_always_miss = req.url ~ "a";',
  'if (req.url ~ "^/a") { set req.method = "GET"; }',
  'call early;',
  'call plain;',
]
const SUBS = `sub more { set req.http.More = regsub(req.url, "a", "b") + req.http.M; if (req.url ~ "q") { return; } unset req.http.A; }
  sub early { if (req.http.Cookie ~ "t" && req.http.User-Agent ~ "P") { return; } set req.url = regsub(req.url, "c", "d"); set req.http.E = req.url + req.http.A; }
  sub plain { if (req.http.Cookie) { set req.http.C = regsub(req.http.Cookie, "=.*", ""); } if (req.url ~ "x") { return (pass); } }`

type Next = (below: number) => number

function rulesOf(next: Next): string {
  const body = Array.from({ length: 4 + next(10) }, () => STATEMENTS[next(STATEMENTS.length)]).join('\n')
  const hash = 'sub vcl_hash { hash_data(req.url); hash_data(req.http.Host); hash_data(req.http.M); }'
  const head = 'vcl 4.1; import std; backend default { .host = "127.0.0.1"; } backend two { .host = "127.0.0.2"; }'
  return `${head} ${SUBS} sub vcl_recv { if (false) { call more; call plain; call early; set req.backend_hint = two; } ${body} return (hash); } ${hash}`
}

const PICKS = {
  method: ['GET', 'GET', 'GET', 'HEAD', 'PURGE'],
  url: ['/a?utm=1&z=1&b=2', '/b?ref=2', '/a', '/q/x', '/c?b=1&a=2'],
  host: ['Host: A.example:80', 'host: a.example', 'Host: b'],
  agent: ['User-Agent: Phone 1', 'User-Agent: desk', 'user-agent: PHONE', ''],
  cookie: ['Cookie: t=1; u=2', 'Cookie: s=1', 'cookie: t=33', '', 'Cookie: a=1\nCookie: b=2'],
  more: ['', '', 'A: 1', 'N: 7', 'M: x\nZ: y', 'A: 1\nA: 2'],
}

function prepared(next: Next): (c: FakeContext) => void {
  const pick = (list: readonly string[]) => list[next(list.length)]
  const [method, url] = [pick(PICKS.method), pick(PICKS.url)]
  const lines = [PICKS.host, PICKS.more, PICKS.agent, PICKS.cookie].map(pick).join('\n').split('\n')
  const [restarts, client_ip] = [next(8) === 0 ? 1 : 0, next(2)]
  return (c) => {
    Object.assign(c.req, { method, url: `${url} `.trimEnd() })
    c.restarts = restarts
    if (client_ip === 1) c.client_ip = c.server_ip
    for (const line of lines) if (line !== '') c.req.fields.append(...(line.split(': ') as [string, string]))
  }
}

/** All that vcl_recv and vcl_hash leave behind. */
function left(c: FakeContext, actions: string[]): unknown {
  const { count, names, keys, values } = c.req.fields
  const lines = Array.from({ length: count }, (_, i) => [names[i], keys[i], values[i]])
  const { method, url } = c.req
  const hint = c.backend_hint?.name
  const { changes, log, key, errors, req_grace_s, hash_always_miss, action_status, unsteady } = c
  return { actions, lines, method, url, hint, changes, log, key, errors, req_grace_s, hash_always_miss, action_status, unsteady }
}

function heldBytes(): number {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  collect()
  return process.memoryUsage().heapUsed
}

describe('what is recalled is what they would make', () => {
  test('whatever the rules and the requests: 300 sets of 120 requests', () => {
    const random = randomFrom(5)
    const next: Next = (below) => Math.floor(random() * below)
    const recalls: number[] = []
    for (let round = 0; round < 300; round++) {
      const rules = rulesOf(next)
      const vcl = load(rules)
      for (let i = 0; i < 120; i++) {
        const prepare = prepared(next)
        const [plain, recalled] = [new FakeContext(), new FakeContext()]
        const recording = new FakeRecording(recalled)
        recording.recall = (records) => {
          recalls.push(round)
          FakeRecording.prototype.recall.call(recording, records)
        }
        recalled.recording = recording
        const [expected, got] = [plain, recalled].map((c) => {
          prepare(c)
          return left(c, [run(vcl, 'recv', c), run(vcl, 'hash', c)])
        })
        expect(got, rules).toEqual(expected)
      }
    }
    expect(recalls.length).toBeGreaterThan(5000)
    expect(new Set(recalls).size).toBeGreaterThan(150)
  }, 60_000)

  const COUNTED = `sub vcl_recv { ${URL_WORK} std.log("ran " + req.url); return (hash); }`

  function asked(vcl: ReturnType<typeof load>, url: string, generation = 1): { c: FakeContext; recalled: boolean } {
    const c = new FakeContext()
    const recording = new FakeRecording(c)
    recording.generation = generation
    let recalled = false
    recording.recall = (records) => {
      recalled = true
      FakeRecording.prototype.recall.call(recording, records)
    }
    c.recording = recording
    c.req.url = url
    run(vcl, 'recv', c)
    return { c, recalled }
  }

  test('from the fourth time on: a text is known from the second, a portion learnt at the third', () => {
    const vcl = load(`import std; ${COUNTED}`)
    const rounds = Array.from({ length: 6 }, () => asked(vcl, '/?utm=1'))
    expect(rounds.map(({ recalled }) => recalled)).toEqual([false, false, false, true, true, true])
    for (const { c } of rounds) expect([c.req.url, c.log]).toEqual(['/', ['ran /']])
  })

  test('not once other records are written', () => {
    const vcl = load(`import std; ${COUNTED}`)
    for (let i = 0; i < 4; i++) asked(vcl, '/?utm=1')
    expect(asked(vcl, '/?utm=1').recalled).toBe(true)
    expect(asked(vcl, '/?utm=1', 2).recalled).toBe(false)
  })

  test('not when the rules failed', () => {
    const vcl = load(
      `import std; sub vcl_recv { ${URL_WORK} set req.http.A = regsub(req.url, "/", "" + req.http.B); set req.url = req.http.A; }`,
    )
    for (let i = 0; i < 6; i++) {
      const { c, recalled } = asked(vcl, '/')
      expect([recalled, c.errors.length]).toEqual([false, 1])
    }
  })

  test('what was asked for before is not forgotten when they fail while they are learnt', () => {
    const vcl = load(`sub vcl_recv { set req.http.N = now; ${URL_WORK} set req.url = regsub(req.url, "^/$", ""); }`)
    for (let i = 0; i < 4; i++) {
      const { c } = asked(vcl, '/')
      expect([c.errors.length, c.unsteady, c.head_changes]).toEqual([1, true, undefined])
    }
  })

  test('what is remembered keeps nothing else of the head that it came with', () => {
    const vcl = load(`sub vcl_recv { set req.http.A = regsub(req.http.Cookie, "^x=(.*)$", "\\1"); unset req.http.Cookie; return (hash); }`)
    const ask = (i: number) => {
      const c = new FakeContext()
      const recording = new FakeRecording(c)
      recording.since = () => new Told([], [])
      c.recording = recording
      const head = Buffer.alloc(30_000, 'h').toString('latin1')
      c.req.fields.append('Cookie', `${head}x=${String(i).padStart(40, '0')}`.slice(head.length))
      run(vcl, 'recv', c)
    }
    const round = (from: number) => {
      for (let i = from; i < from + 1000; i++) for (let time = 0; time < 5; time++) ask(i)
      return heldBytes()
    }
    // Time and again: what is never recalled is not remembered for long.
    const before = round(0)
    // Of 30 MB.
    expect(round(1000) - before).toBeLessThan(1e7)
    // So that all of it is still there.
    run(vcl, 'recv', new FakeContext())
  })

  test('what would take much room is not remembered: a key that begins with a long URL', () => {
    const vcl = load(
      'sub vcl_hash { hash_data(req.url); hash_data(client.ip); hash_data(regsub(req.http.Host, ":.*", "")); hash_data(req.http.M); }',
    )
    const recalled = (url: string) => {
      let times = 0
      for (let i = 0; i < 6; i++) {
        const c = new FakeContext()
        const recording = new FakeRecording(c)
        recording.recall = () => void times++
        recording.since = () => new Told(['what is told'], [])
        c.recording = recording
        c.req.url = url
        c.req.fields.append('Host', 'a.example:80')
        run(vcl, 'hash', c)
        expect(c.key.length).toBeGreaterThan(url.length)
      }
      return times
    }
    expect(recalled('/short')).toBe(3)
    expect(recalled('/'.padEnd(30_000, 'x'))).toBe(0)
  })

  test('where nothing comes again they are not looked up any more for a while', () => {
    const vcl = load(`import std; ${COUNTED}`)
    for (let i = 0; i < 600; i++) asked(vcl, `/${i}`)
    const looked = Array.from({ length: 100 }, () => asked(vcl, '/?utm=1').recalled)
    expect(looked).not.toContain(true)
    for (let i = 0; i < 1200; i++) asked(vcl, '/?utm=1')
    expect(asked(vcl, '/?utm=1').recalled).toBe(true)
  })
})

describe('what they are made of', () => {
  test('texts have a number from the second time on, long ones none, and room is bounded', () => {
    const texts = new Texts()
    expect(texts.find('a')).toBeUndefined()
    const a = texts.find('a')!
    expect([a.text, texts.find('a')!.id, texts.add('b')!.id === a.id]).toEqual(['a', a.id, false])
    for (let i = 0; i < 3; i++) expect(texts.find('x'.repeat(1025))).toBeUndefined()
    for (let i = 0; i < 5000; i++) texts.add(`t${i}`)
    const again = texts.find('a') ?? texts.find('a')
    expect(again!.id).not.toBe(a.id)
  })

  test('changes of lines are made in their places', () => {
    const fields = new Fields()
    for (const name of ['A', 'B', 'C']) fields.append(name, name)
    const changes = new HeadChanges()
    changes.note('a', 'a', '1')
    changes.note('', 'b', undefined)
    changes.note('D', 'd', '1')
    changes.note('B', 'b', '2')
    changes.note('a', 'a', '3')
    changes.apply(fields)
    expect(fields.names.slice(0, fields.count)).toEqual(['a', 'C', 'D', 'B'])
    expect(fields.values.slice(0, fields.count)).toEqual(['3', 'C', '1', '2'])
  })
})
