import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { RuleSets } from '../../../src/manager/rule-sets.ts'
import { until } from '../../kit/crowd.ts'
import { type Line, Scene } from './scene.ts'

/** Rules that say their number wherever they have a say. */
function numbered(n: number | string): string {
  return `
import var;
sub vcl_recv {
  if (req.url == "/ended") { return (synth(200)); }
  if (req.restarts == 0) { set req.http.Recv = "${n}"; } else { set req.http.Recv = req.http.Recv + "${n}"; }
  if (req.url == "/restarted" && req.restarts == 0) { return (pass); }
  return (pass);
}
sub vcl_backend_fetch { set bereq.http.Fetch = "${n}"; }
sub vcl_backend_response { set beresp.http.Response = "${n}"; if (bereq.url == "/retried" && bereq.retries == 0) { return (retry); } }
sub vcl_deliver {
  if (req.url == "/restarted" && req.restarts == 0) { return (restart); }
  set resp.http.All = req.http.Recv + "/" + resp.http.Asked + "/" + resp.http.Response + "/${n}";
}
sub vcl_fini { var.global_set("ended", "${n}"); }
sub vcl_synth { set resp.http.Ended = var.global_get("ended"); }`
}

let scene: Scene
/** The origin answers these when told to. */
const held: (() => void)[] = []
let holding = false

const sets = (): RuleSets => scene.crew.rules
const text = (rules: string): string => `vcl 4.1;\nbackend default { .host = "127.0.0.1"; .port = "${scene.port}"; }\n${rules}\n`

beforeAll(async () => {
  scene = await Scene.open(2, numbered(0))
})

afterAll(async () => {
  await scene.close()
})

/** Each begins with `boot` active, and alone. */
beforeEach(async () => {
  await sets().use('boot')
  const others = (await sets().list()).filter(({ name, status }) => name !== 'boot' && status !== 'discarded').map(({ name }) => name)
  if (others.length > 0) await sets().discard(others)
  holding = false
  release()
  await scene.crew.until('all others have ended', () => scene.crew.counts()['MAIN.n_vcl'] === 1)
  scene.begin((request, response) => {
    const answer = (): void => void response.setHeader('Asked', String(request.headers['fetch'])).end('page')
    if (holding) held.push(answer)
    else answer()
  })
})

/** The origin answers what it has held back. */
function release(): void {
  for (const answer of held.splice(0)) answer()
}

async function inline(n: number | string, rules = numbered(n)): Promise<string> {
  const name = `v${n}`
  await sets().inline(name, text(rules))
  return name
}

async function told(slot: number, url = '/'): Promise<string> {
  const answer = await scene.ask(slot, url)
  return answer.field('All') ?? String(answer.status)
}

async function names(): Promise<string[]> {
  return (await sets().list()).map(({ name, status, busy }) => `${name} ${status} ${busy}`)
}

describe('a switch', () => {
  test('reaches all workers before it is said to be done', async () => {
    const name = await inline(1)
    for (const slot of [0, 1]) expect(await told(slot)).toBe('0/0/0/0')
    await sets().use(name)
    for (const slot of [0, 1]) expect(await told(slot)).toBe('1/1/1/1')
    await sets().use('boot')
    for (const slot of [0, 1]) expect(await told(slot)).toBe('0/0/0/0')
  })

  test('changes nothing for requests that have begun: their fetches, retries and restarts go by the old rules', async () => {
    const name = await inline(1)
    holding = true
    const asking = [await scene.asking(0, '/'), await scene.asking(1, '/retried'), await scene.asking(1, '/restarted')]
    await until('all are with the origin', () => held.length === 3)
    await sets().use(name)
    holding = false
    release()
    await until('all are answered', () => asking.every(({ ended }) => ended))
    expect(asking.map((one) => one.field('All'))).toEqual(['0/0/0/0', '0/0/0/0', '00/0/0/0'])
    for (const slot of [0, 1]) expect(await told(slot, '/restarted')).toBe('11/1/1/1')
  })

  test('old rules end, with vcl_fini, when they have been discarded and their last request is over', async () => {
    await sets().use(await inline(1, numbered(1).replace('"ended", "1"', '"ended", "first"')))
    holding = true
    const asking = [await scene.asking(0, '/'), await scene.asking(1, '/')]
    await until('both are with the origin', () => held.length === 2)
    await sets().use(await inline(2))
    await sets().discard(['v1'])
    const busy = (await names()).find((line) => line.startsWith('v1'))
    // A request and its fetch, in each worker.
    expect(busy).toBe('v1 discarded 4')
    expect((await scene.ask(0, '/ended')).field('Ended')).not.toBe('first')
    expect(scene.crew.counts()).toMatchObject({ 'MAIN.n_vcl_discard': 1, 'VBE.v1.default.conn': 2 })
    release()
    await until('both are answered', () => asking.every(({ ended }) => ended))
    expect(asking.map((one) => one.field('All'))).toEqual(['1/1/1/1', '1/1/1/1'])
    await scene.crew.until('it has ended', () => scene.crew.counts()['MAIN.n_vcl_discard'] === 0)
    holding = false
    expect((await scene.ask(0, '/ended')).field('Ended')).toBe('first')
    expect(await names()).toEqual(['boot available 0', 'v2 active 0'])
    expect(scene.crew.counts()).not.toHaveProperty(['VBE.v1.default.conn'])
  })

  test('the name of a discarded one can be used again while requests still go by it', async () => {
    await sets().use(await inline(1))
    holding = true
    const asking = await scene.asking(0, '/')
    await until('it is with the origin', () => held.length === 1)
    await sets().use('boot')
    await sets().discard(['v1'])
    await sets().inline('v1', text(numbered('other')))
    await sets().use('v1')
    holding = false
    release()
    await until('it is answered', () => asking.ended)
    expect(asking.field('All')).toBe('1/1/1/1')
    expect(await told(1)).toBe('other/other/other/other')
  })
})

describe('what is refused changes nothing', () => {
  test('rules that do not compile, with their diagnostics', async () => {
    await expect(inline(1, 'sub vcl_recv { return (nope); }')).rejects.toThrow(
      /unknown action 'nope'[\s\S]*sub vcl_recv \{ return \(nope\)/,
    )
    expect(await names()).toEqual(['boot active 0'])
  })

  test('rules whose vcl_init fails, with what it says', async () => {
    await expect(inline(1, 'sub vcl_init { return (fail("the moon is full")); }')).rejects.toThrow('vcl_init failed: the moon is full')
    await scene.crew.until('nothing of it is left', () => scene.crew.counts()['MAIN.n_vcl'] === 1)
    expect(scene.crew.counts()).not.toHaveProperty(['VBE.v1.default.req'])
    for (const slot of [0, 1]) expect(await told(slot)).toBe('0/0/0/0')
  })

  test('a name that is taken, or is none; a state that is none', async () => {
    await expect(sets().inline('boot', text(''))).rejects.toThrow('Already a VCL named boot')
    await expect(sets().inline('1st', text(''))).rejects.toThrow("Illegal character in VCL name ('1')")
    await expect(sets().inline('a.b', text(''))).rejects.toThrow("Illegal character in VCL name ('.')")
    await expect(sets().inline('a', text(''), 'hot')).rejects.toThrow('State must be one of auto, cold or warm.')
    await expect(sets().use('b')).rejects.toThrow('No VCL named b known')
  })

  test('discarding what is active or has a label, and what matches nothing', async () => {
    await inline(1)
    await sets().label('blog', 'v1')
    await expect(sets().discard(['boot'])).rejects.toThrow('Cannot discard active VCL program boot')
    await expect(sets().discard(['v1'])).rejects.toThrow('Cannot discard labeled VCL program v1:\n\tblog\n')
    await expect(sets().discard(['v1', 'x*'])).rejects.toThrow('No VCL name matches x*')
    expect((await names()).length).toBe(3)
    await sets().discard(['v*', 'bl?g'])
    expect(await names()).toEqual(['boot active 0'])
  })
})

describe('labels', () => {
  const front = `sub vcl_recv {
    set req.http.Front = "seen";
    if (req.url ~ "^/blog") { return (vcl(blog)); }
    if (req.url == "/late" && req.restarts == 0) { return (restart); }
    if (req.url == "/late") { return (vcl(blog)); }
    return (synth(200, "front"));
  }`

  beforeEach(async () => {
    await inline(1)
    await inline(2)
    await sets().label('blog', 'v1')
  })

  test('return (vcl(..)) goes on by the rules of the label, with the request as it came', async () => {
    const rules =
      'sub vcl_recv { return (synth(200, "blog " + req.http.Front + req.http.X-Forwarded-For)); } sub vcl_deliver { return (deliver); }'
    await sets().inline('plain', text(rules))
    await sets().label('blog', 'plain')
    await sets().use(await inline('front', front))
    for (const slot of [0, 1]) {
      const answer = await scene.ask(slot, '/blog')
      expect(answer.status).toBe(200)
    }
    const log = scene.crew.log()
    expect(log.filter(({ tag, text: said }) => tag === 'VCL_use' && said === 'plain via blog').length).toBe(2)
    expect(log.filter(({ tag }) => tag === 'RespReason').at(-1)?.text).toBe('blog 127.0.0.1')
  })

  test('fetches, retries and restarts go by them, too', async () => {
    await sets().use(await inline('front', front))
    expect(await told(0, '/blog')).toBe('1/1/1/1')
    const restarting = numbered(1).replaceAll('/restarted', '/blog/restarted').replaceAll('/retried', '/blog/retried')
    await sets().inline('more', text(restarting))
    await sets().label('blog', 'more')
    for (const slot of [0, 1]) expect(await told(slot, '/blog/restarted')).toBe('11/1/1/1')
    expect(await told(1, '/blog/retried')).toBe('1/1/1/1')
  })

  test('pointed to others they lead there, for requests that begin then', async () => {
    await sets().use(await inline('front', front))
    holding = true
    const asking = await scene.asking(0, '/blog')
    await until('it is with the origin', () => held.length === 1)
    await sets().label('blog', 'v2')
    await sets().discard(['v1'])
    release()
    holding = false
    await until('it is answered', () => asking.ended)
    expect(asking.field('All')).toBe('1/1/1/1')
    for (const slot of [0, 1]) expect(await told(slot, '/blog')).toBe('2/2/2/2')
    await scene.crew.until('v1 has ended', () => scene.crew.counts()['MAIN.n_vcl_discard'] === 0)
  })

  test('only from the active rules, and not after a restart', async () => {
    await sets().inline('deeper', text('sub vcl_recv { return (vcl(blog)); }'))
    await sets().label('deep', 'deeper')
    await sets().use(
      await inline('front', 'sub vcl_recv { if (req.url == "/late" && req.restarts == 0) { return (restart); } return (vcl(deep)); }'),
    )
    expect(await told(0, '/twice')).toBe('503')
    expect(await told(0, '/late')).toBe('503')
    const errors = scene.crew.log().filter(({ tag }) => tag === 'VCL_Error')
    expect(errors.map((one) => one.text)).toEqual(['Illegal return(vcl): Only from active VCL', 'Illegal return(vcl): Not after restarts'])
  })

  test('a label can be used, and requests follow it', async () => {
    await sets().use('blog')
    expect(await told(1)).toBe('1/1/1/1')
    await sets().label('blog', 'v2')
    for (const slot of [0, 1]) expect(await told(slot)).toBe('2/2/2/2')
    await expect(sets().discard(['blog'])).rejects.toThrow('Cannot discard active VCL program blog')
  })

  test('what cannot be labelled: a label, with the name of rules, or in a circle', async () => {
    await inline('front', front)
    await expect(sets().label('other', 'blog')).rejects.toThrow('VCL labels cannot point to labels')
    await expect(sets().label('v1', 'v2')).rejects.toThrow('v1 is not a label')
    await expect(sets().label('blog', 'vfront')).rejects.toThrow(
      'Vcl vfront uses Label blog\nPointing label blog at vfront would create a loop',
    )
    await expect(sets().discard(['blog'])).rejects.toThrow(/blog:\n\tvfront\n/)
    await expect(inline(3, 'sub vcl_recv { return (vcl(blgo)); }')).rejects.toThrow(/there is no label 'blgo'[\s\S]*blog/)
    expect(
      sets()
        .deps()
        .filter(({ deps }) => deps.length > 0),
    ).toEqual([
      { name: 'blog', deps: ['v1'] },
      { name: 'vfront', deps: ['blog'] },
    ])
  })
})

describe('states', () => {
  test('what has not been used for vcl_cooldown is cold; used again it is warm', async () => {
    await sets().use(await inline(1))
    expect(await told(0)).toBe('1/1/1/1')
    await sets().use('boot')
    scene.crew.clock.advance(599_000)
    await sets().tend()
    expect((await sets().list()).map(({ temperature }) => temperature)).toEqual(['warm', 'warm'])
    scene.crew.clock.advance(1000)
    await sets().tend()
    expect((await sets().list()).map(({ temperature }) => temperature)).toEqual(['warm', 'cold'])
    await sets().use('v1')
    expect((await sets().list()).map(({ temperature }) => temperature)).toEqual(['warm', 'warm'])
    expect(await told(0)).toBe('1/1/1/1')
  })

  test('a cold one is not used before its state is another; an active or labelled one does not become cold', async () => {
    await sets().inline('v1', text(numbered(1)), 'cold')
    await expect(sets().use('v1')).rejects.toThrow("VCL 'v1' is cold - set to auto or warm first")
    await expect(sets().label('x', 'v1')).rejects.toThrow("VCL 'v1' is cold - set to auto or warm first")
    await expect(sets().state('boot', 'cold')).rejects.toThrow('Cannot set the active VCL cold.')
    await sets().state('v1', 'auto')
    await sets().label('x', 'v1')
    await expect(sets().state('v1', 'cold')).rejects.toThrow('A labeled VCL cannot be set cold')
    await expect(sets().state('x', 'cold')).rejects.toThrow('Labels are always warm')
    await sets().use('x')
    expect(await told(1)).toBe('1/1/1/1')
  })
})

test('each rule set has its own probes: they pause while it is cold, and end when it is discarded', async () => {
  const probes = (): number => scene.asked.filter((line) => line === 'GET /probe').length
  const probed = async (): Promise<void> => {
    const before = probes()
    await until('it is probed', () => probes() > before + 2)
  }
  /** Somebody else's requests go there and back meanwhile, some time the interval. */
  const unprobed = async (): Promise<void> => {
    const before = probes()
    for (let i = 0; i < 50; i++) await told(i % 2)
    expect(probes() - before).toBeLessThanOrEqual(1)
  }
  scene.crew.health.begin()
  const probe = '.probe = { .url = "/probe"; .interval = 0.02s; .window = 2; .threshold = 1; }'
  await sets().inline('v1', text(numbered(1)).replace('.port', `${probe} .port`))
  await probed()
  await sets().state('v1', 'cold')
  await unprobed()
  await sets().state('v1', 'auto')
  await sets().use('v1')
  await probed()
  expect(await told(0)).toBe('1/1/1/1')
  await sets().use('boot')
  await sets().discard(['v1'])
  await unprobed()
})

test('a worker that takes the place of a dead one has all rule sets, labels, and what is active', async () => {
  await inline(1)
  await inline(2)
  await sets().label('blog', 'v2')
  await sets().use(await inline('front', 'sub vcl_recv { if (req.url == "/blog") { return (vcl(blog)); } return (synth(404)); }'))
  await scene.crew.kill(1)
  await scene.crew.replaced(1)
  for (const slot of [1, 0]) {
    expect(await told(slot, '/blog')).toBe('2/2/2/2')
    expect(await told(slot, '/')).toBe('404')
  }
  await sets().use('v1')
  for (const slot of [1, 0]) expect(await told(slot)).toBe('1/1/1/1')
})

test('under load, with a reload every few milliseconds: no request fails, and none goes by two rule sets', async () => {
  const RELOADS = 150
  scene.answer = (request, response) => void setImmediate(() => response.setHeader('Asked', String(request.headers['fetch'])).end('page'))
  const seen = { answers: 0, over: false, sets: new Set<string>() }
  const visit = async (line: Line): Promise<void> => {
    for (let i = 0; !seen.over; i++) {
      await line.ask(i % 3 === 0 ? 'GET /retried' : 'GET /')
      const [, all] = /^All: (.*)\r$/m.exec(line.head) ?? []
      expect(all).toMatch(/^(\d+)(\/\1){3}$/)
      seen.answers++
      seen.sets.add(all)
    }
  }
  const operate = async (): Promise<void> => {
    for (let n = 1; n <= RELOADS; n++) {
      await sets().use(await inline(n))
      if (n > 1) await sets().discard([`v${n - 1}`])
      const { answers } = seen
      await until('somebody is served', () => seen.answers > answers)
    }
    seen.over = true
  }
  const lines: Line[] = []
  for (const slot of [0, 1, 0, 1, 0]) lines.push(await scene.line(slot))
  await Promise.all([operate(), ...lines.map(visit)])
  expect(seen.sets.size).toBeGreaterThan(RELOADS / 2)
  await scene.crew.until('the old ones have ended', () => scene.crew.counts()['MAIN.n_vcl'] === 2)
  expect(await names()).toEqual(['boot available 0', `v${RELOADS} active 0`])
})

test('workers that die while rules are loaded, used and discarded: those that take their place have what the others have', async () => {
  const RELOADS = 60
  const replaced = (): number => scene.crew.operations.heard.filter((line) => line.endsWith('serves again')).length
  const before = replaced()
  const kills: Promise<void>[] = []
  for (let n = 1; n <= RELOADS; n++) {
    const loading = inline(n)
    if (n % 20 === 0) kills.push(scene.crew.kill(1))
    await sets().use(await loading)
    if (n > 1) await sets().discard([`v${n - 1}`])
  }
  await Promise.all(kills)
  await scene.crew.until('all that died have been replaced', () => replaced() > before && scene.crew.workers.running.every(Boolean))
  for (const slot of [0, 1]) expect(await told(slot)).toBe(`${RELOADS}/${RELOADS}/${RELOADS}/${RELOADS}`)
  await scene.crew.until('the old ones have ended', () => scene.crew.counts()['MAIN.n_vcl'] === 2)
  expect(await names()).toEqual(['boot available 0', `v${RELOADS} active 0`])
})
