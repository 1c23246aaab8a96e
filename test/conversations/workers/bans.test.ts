import { afterAll, beforeAll, expect, test } from 'vitest'
import { until } from '../../kit/crowd.ts'
import { type Line, Scene } from './scene.ts'

/** What one worker bans holds for all of them from the moment that its answer is out. */
const RULES = `
import std;
sub vcl_recv {
  if (req.method == "BAN") {
    if (!std.ban(req.http.X-Ban)) { return (synth(400, std.ban_error())); }
    return (synth(200));
  }
}`

let scene: Scene

beforeAll(async () => {
  scene = await Scene.open(2, RULES)
})

afterAll(async () => {
  await scene.close()
})

async function ban(slot: number, expression: string): Promise<void> {
  const { status } = await scene.ask(slot, 'BAN /', `X-Ban: ${expression}`)
  expect(status).toBe(200)
}

/** One after the other: who is connected to whom is told by counts. */
async function linesTo(...slots: number[]): Promise<Line[]> {
  const lines: Line[] = []
  for (const slot of slots) lines.push(await scene.line(slot))
  return lines
}

test('what both have served is gone for both, whichever bans', async () => {
  scene.begin((_, response, number) => response.setHeader('Cache-Control', 'max-age=60').end(String(number)))
  for (const slot of [0, 1, 0]) expect(await scene.told(slot, '/a')).toBe('1')
  await ban(0, 'req.url == /a')
  for (const slot of [1, 0]) expect(await scene.told(slot, '/a')).toBe('2')
  await ban(1, 'req.url == /a')
  for (const slot of [1, 0]) expect(await scene.told(slot, '/a')).toBe('3')
})

test('one worker has tested an object for all', async () => {
  scene.begin((_, response) => response.setHeader('Cache-Control', 'max-age=60').end('page'))
  for (const slot of [0, 1]) await scene.told(slot, '/tested')
  const before = scene.sum('bans_tested')
  for (let i = 0; i < 5; i++) await ban(0, `req.url == /other/${i}`)
  for (const slot of [0, 1, 0, 1]) expect(await scene.told(slot, '/tested')).toBe('page')
  expect(scene.sum('bans_tested') - before).toBe(5)
})

test('fetched by one worker while the other bans: later requests fetch anew', async () => {
  const held: (() => void)[] = []
  scene.begin((_, response, number) => {
    response.setHeader('Cache-Control', 'max-age=60')
    if (number > 1) response.end('new')
    else held.push(() => response.end('old'))
  })
  const first = await scene.asking(0, '/busy')
  await until('it is being fetched', () => held.length === 1)
  await ban(1, 'req.url == /busy')
  const later = [await scene.asking(0, '/busy'), await scene.asking(1, '/busy')]
  held[0]()
  await until('all are answered', () => first.ended && later.every(({ ended }) => ended))
  expect([first, ...later].map(({ body }) => body.toString())).toEqual(['old', 'new', 'new'])
  expect(scene.asked.length).toBe(2)
})

test('a worker that takes the place of a dead one knows what was banned before', async () => {
  scene.begin((_, response, number) => response.setHeader('Cache-Control', 'max-age=60').end(String(number)))
  for (const slot of [0, 1]) expect(await scene.told(slot, '/kept')).toBe('1')
  await ban(1, 'req.url == /kept')
  await scene.crew.kill(1)
  await scene.crew.replaced(1)
  for (const slot of [1, 0]) expect(await scene.told(slot, '/kept')).toBe('2')
})

test('the manager works bans off while workers serve', async () => {
  scene.begin((_, response, number) => response.setHeader('Cache-Control', 'max-age=60').setHeader('X-Number', number).end(String(number)))
  const urls = Array.from({ length: 200 }, (_, i) => `/lurked/${i}`)
  const lines = await linesTo(0, 1)
  for (const url of urls) await lines[0].ask(`GET ${url}`)
  await ban(1, 'obj.http.X-Number ~ [05]$')
  const { upkeep } = scene.crew
  upkeep['parts'].parameters.ban_lurker_age = 0
  upkeep.step()
  const served = async (): Promise<number[]> => {
    const bodies: number[] = []
    for (const url of urls) bodies.push(Number(await lines[1].ask(`GET ${url}`)))
    return bodies
  }
  const [bodies] = await Promise.all([
    served(),
    scene.crew.until(
      'it is worked off',
      () => upkeep.step() > 0 && upkeep.list().every(({ of_request, completed }) => of_request || completed),
    ),
  ])
  bodies.forEach((body, i) => expect(body === i + 1).toBe((i + 1) % 5 !== 0))
  expect(bodies.filter((body) => body > 200).length).toBe(40)
  expect(scene.crew.counts()['MAIN.bans_lurker_obj_killed'] + scene.sum('bans_obj_killed')).toBeGreaterThanOrEqual(40)
})

test('workers that ban at once lose none of it', async () => {
  scene.begin((_, response, number) => response.setHeader('Cache-Control', 'max-age=60').end(String(number)))
  const urls = Array.from({ length: 40 }, (_, i) => `/many/${i}`)
  const lines = await linesTo(0, 1, 0, 1)
  for (const url of urls) await lines[0].ask(`GET ${url}`)
  await Promise.all(
    lines.map(async (line, n) => {
      for (let i = n; i < urls.length; i += lines.length) await line.ask('BAN /', `X-Ban: req.url == ${urls[i]}`)
    }),
  )
  const answers = []
  for (const url of urls) answers.push(Number(await lines[1].ask(`GET ${url}`)))
  expect(answers).toEqual(urls.map((_, i) => 41 + i))
})

test('under load, with the manager at work: after a ban nobody is served what was fetched before it', async () => {
  const BANS = 60
  let fetches = 0
  scene.begin((request, response) => {
    response
      .setHeader('Cache-Control', 'max-age=60')
      .setHeader('X-Url', request.url ?? '')
      .end(String(++fetches))
  })
  const { upkeep } = scene.crew
  upkeep['parts'].parameters.ban_lurker_age = 0
  const urls = ['/load/1', '/load/2', '/load/3']
  // Of each URL: fetches up to this one began before a ban that has been answered.
  const banned = new Map(urls.map((url) => [url, 0]))
  const so_far = { bans: 0, served: 0 }
  const visit = async (line: Line, n: number): Promise<void> => {
    for (let i = n; so_far.bans < BANS; i++) {
      const url = urls[i % urls.length]
      const least = banned.get(url) ?? 0
      const got = Number(await line.ask(`GET ${url}`))
      expect(got, url).toBeGreaterThan(least)
      so_far.served++
    }
  }
  const edit = async (line: Line): Promise<void> => {
    for (; so_far.bans < BANS; so_far.bans++) {
      const url = urls[so_far.bans % urls.length]
      const before = fetches
      await line.ask('BAN /', `X-Ban: ${so_far.bans % 2 === 0 ? `obj.http.X-Url == ${url}` : `req.url == ${url}`}`)
      banned.set(url, before)
      const seen = so_far.served
      await until('some were served', () => so_far.served > seen + 3)
    }
  }
  const lines = await linesTo(0, 1, 0, 1, 0)
  const lurking = scene.crew.until('all is done', () => {
    upkeep.step()
    return so_far.bans >= BANS
  })
  await Promise.all([...lines.slice(1).map((line, n) => visit(line, n)), edit(lines[0]), lurking])
  expect(so_far.served).toBeGreaterThan(3 * BANS)
  expect(scene.crew.counts()['MAIN.bans_deleted']).toBeGreaterThan(0)
})
