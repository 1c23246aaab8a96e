import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { until } from '../../kit/crowd.ts'
import { type Line, Scene } from './scene.ts'

/** What one worker purges is gone for all of them: when its answer is out, nobody is served what was stored, or was being fetched. */
const RULES = `
sub vcl_recv { if (req.method == "PURGE") { return (purge); } }
sub vcl_deliver { set resp.http.X-Hits = obj.hits; }`

let scene: Scene

beforeAll(async () => {
  scene = await Scene.open(2, RULES)
})

afterAll(async () => {
  await scene.close()
})

const purge = async (slot: number, target: string): Promise<void> => {
  const { status } = await scene.ask(slot, `PURGE ${target}`)
  expect(status).toBe(200)
}

test('what both workers have served is gone for both', async () => {
  scene.begin((_, response, number) => response.setHeader('Cache-Control', 'max-age=60').end(String(number)))
  for (const slot of [0, 1, 0]) expect(await scene.told(slot, '/plain')).toBe('1')
  await purge(0, '/plain')
  for (const slot of [1, 0]) expect(await scene.told(slot, '/plain')).toBe('2')
  await purge(1, '/plain')
  for (const slot of [0, 1]) expect(await scene.told(slot, '/plain')).toBe('3')
})

test('all variants of a key are gone, whichever worker fetched them', async () => {
  const VARIANTS = 300
  const LINES = 10
  scene.begin((request, response) => {
    const text = `${String(request.headers['x-variant'])} ${scene.asked.length > VARIANTS ? 'new' : 'old'}`
    response.setHeader('Cache-Control', 'max-age=60').setHeader('Vary', 'X-Variant').end(text)
  })
  const all = async (age: string): Promise<void> => {
    const lines: Line[] = []
    for (let i = 0; i < LINES; i++) lines.push(await scene.line(i % 2))
    const askFor = async (line: Line, first: number): Promise<void> => {
      for (let i = first; i < VARIANTS; i += LINES) expect(await line.ask('GET /varied', `X-Variant: ${i}`)).toBe(`${i} ${age}`)
    }
    // The second time the other way round: they are hits.
    for (const swap of [0, 1]) await Promise.all(lines.map((line, i) => askFor(line, (i + swap) % LINES)))
  }
  await all('old')
  expect(scene.asked.length).toBe(VARIANTS)
  // A worker that has served nothing of it purges as well as another.
  await scene.crew.kill(1)
  await scene.crew.replaced(1)
  await purge(1, '/varied')
  await all('new')
  expect(scene.asked.length).toBe(2 * VARIANTS)
})

describe('purged by one worker while the other fetches it', () => {
  test('before the head: later requests do not join it, and it is not stored', async () => {
    const held: (() => void)[] = []
    scene.begin((_, response, number) => {
      response.setHeader('Cache-Control', 'max-age=60')
      if (number > 1) response.end('new')
      else held.push(() => response.end('old'))
    })
    const first = await scene.asking(0, '/head')
    await until('it is being fetched', () => held.length === 1)
    await purge(1, '/head')
    for (const slot of [0, 1]) expect(await scene.told(slot, '/head')).toBe('new')
    held[0]()
    await until('who asked before has it', () => first.ended)
    expect(first.body.toString()).toBe('old')
    for (const slot of [0, 1]) expect(await scene.told(slot, '/head')).toBe('new')
    expect(scene.asked.length).toBe(2)
  })

  test('before the last byte: who follows it has all of it, later requests do not', async () => {
    const held: (() => void)[] = []
    scene.begin((_, response, number) => {
      response.setHeader('Cache-Control', 'max-age=60')
      if (number > 1) response.end('new')
      else {
        response.write('old')
        held.push(() => response.end('est'))
      }
    })
    const first = await scene.asking(0, '/body')
    await until('the body has begun', () => first.first_ms < Infinity)
    const follower = await scene.asking(1, '/body')
    await until('the other worker follows', () => follower.first_ms < Infinity)
    await purge(1, '/body')
    for (const slot of [0, 1]) expect(await scene.told(slot, '/body')).toBe('new')
    held[0]()
    await until('they have it', () => first.ended && follower.ended)
    expect([first, follower].map(({ body }) => body.toString())).toEqual(['oldest', 'oldest'])
    for (const slot of [0, 1]) expect(await scene.told(slot, '/body')).toBe('new')
    expect(scene.asked.length).toBe(2)
  })
})

test('a marker, hit-for-miss, holds in its worker until any worker purges, or until the worker is replaced', async () => {
  scene.begin((_, response, number) => response.setHeader('Cache-Control', 'no-store').end(String(number)))
  const marked = async (): Promise<boolean> => {
    const before = scene.crew.count(1, 'cache_hitmiss')
    await scene.ask(1, '/marked')
    return scene.crew.count(1, 'cache_hitmiss') > before
  }
  expect([await marked(), await marked(), await marked()]).toEqual([false, true, true])
  await purge(0, '/marked')
  expect([await marked(), await marked()]).toEqual([false, true])
  await scene.crew.kill(1)
  await scene.crew.replaced(2)
  expect([await marked(), await marked()]).toEqual([false, true])
})

test('hits of one object through both workers add up', async () => {
  scene.begin((_, response) => response.setHeader('Cache-Control', 'max-age=60').end('x'))
  const hits: (string | undefined)[] = []
  for (let i = 0; i < 10; i++) hits.push((await scene.ask(i % 2, '/hits')).field('X-Hits'))
  expect(hits).toEqual(Array.from({ length: 10 }, (_, i) => String(i)))
})
