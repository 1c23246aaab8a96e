import { afterAll, beforeAll, expect, test } from 'vitest'
import { until } from '../../kit/crowd.ts'
import { Scene } from './scene.ts'

/** What one worker purges by tag, or softly, holds for all: when its answer is out nobody is served what was stored, or was being fetched. */
const RULES = `
import purge;
import xkey;
sub vcl_recv {
  if (req.http.X-Purge) { return (synth(200, xkey.purge(req.http.X-Purge))); }
  if (req.http.X-Soft) { return (synth(200, xkey.softpurge(req.http.X-Soft))); }
}
sub vcl_hit { if (req.http.X-Soft-Url) { return (synth(200, purge.soft())); } }
sub vcl_miss { if (req.http.X-Soft-Url) { return (synth(200, purge.soft())); } }
sub vcl_backend_response { set beresp.grace = 1h; }
sub vcl_synth { set resp.http.Purged = resp.reason; }`

let scene: Scene

beforeAll(async () => {
  scene = await Scene.open(2, RULES)
})

afterAll(async () => {
  await scene.close()
})

async function purge(slot: number, line: string): Promise<number> {
  return Number((await scene.ask(slot, '/', line)).field('Purged'))
}

const tagged = (tag: string) => {
  scene.begin((_, response, number) => response.setHeader('Cache-Control', 'max-age=60').setHeader('xkey', tag).end(String(number)))
}

test('by tag: gone for both, whoever had stored it', async () => {
  tagged('red')
  for (const slot of [0, 1, 0]) expect(await scene.told(slot, '/a')).toBe('1')
  expect(await scene.told(1, '/b')).toBe('2')
  expect(await purge(0, 'X-Purge: red')).toBe(2)
  for (const slot of [1, 0]) expect(await scene.told(slot, '/a')).toBe('3')
  for (const slot of [1, 0]) expect(await scene.told(slot, '/b')).toBe('4')
  expect(await purge(1, 'X-Purge: red green')).toBe(2)
  for (const slot of [0, 1]) expect(await scene.told(slot, '/a')).toBe('5')
})

test('softly: stale for both, and one fetch for both', async () => {
  tagged('soft')
  for (const slot of [0, 1]) expect(await scene.told(slot, '/soft')).toBe('1')
  const graced = scene.sum('cache_hit_grace')
  expect(await purge(0, 'X-Soft: soft')).toBe(1)
  expect(await scene.told(1, '/soft')).toBe('1')
  await until('it was fetched', () => scene.asked.length === 2)
  expect(scene.sum('cache_hit_grace')).toBe(graced + 1)
  const both = async (): Promise<string[]> => [await scene.told(0, '/soft'), await scene.told(1, '/soft')]
  let told = await both()
  while (told.includes('1')) told = await both()
  expect(told).toEqual(['2', '2'])
  expect(scene.asked.length).toBe(2)
})

test('a URL softly: all variants, those included that only the other worker knows', async () => {
  scene.begin((request, response, number) => {
    const text = `${String(request.headers['x-kind'])} ${number}`
    response.setHeader('Cache-Control', 'max-age=60').setHeader('Vary', 'X-Kind').end(text)
  })
  for (const kind of [1, 2, 3]) expect(await scene.told(0, '/kinds', `X-Kind: ${kind}`)).toBe(`${kind} ${kind}`)
  await scene.ask(1, '/kinds', 'X-Soft-Url: 1')
  const graced = scene.sum('cache_hit_grace')
  for (const kind of [1, 2, 3]) expect(await scene.told(kind % 2, '/kinds', `X-Kind: ${kind}`)).toBe(`${kind} ${kind}`)
  await until('all are fetched', () => scene.asked.length === 6)
  expect(scene.sum('cache_hit_grace')).toBe(graced + 3)
})

test('purged by one while the other fetches it: later requests do not have it', async () => {
  const held: (() => void)[] = []
  scene.begin((_, response, number) => {
    response.setHeader('Cache-Control', 'max-age=60').setHeader('xkey', 'red')
    if (number > 1) response.end('new')
    else held.push(() => response.end('old'))
  })
  const first = await scene.asking(0, '/under-way')
  await until('it is being fetched', () => held.length === 1)
  await purge(1, 'X-Purge: red')
  const second = await scene.asking(1, '/under-way')
  const third = await scene.asking(0, '/under-way')
  held[0]()
  await until('all have an answer', () => first.ended && second.ended && third.ended)
  expect([first, second, third].map(({ body }) => body.toString())).toEqual(['old', 'new', 'new'])
  for (const slot of [0, 1]) expect(await scene.told(slot, '/under-way')).toBe('new')
})

test('both at once, by different tags of the same objects: each object counts for one purge', async () => {
  for (let round = 0; round < 5; round++) {
    tagged('left right')
    const before = scene.sum('n_obj_purged')
    const told = await Promise.all(Array.from({ length: 20 }, (_, i) => scene.told(i % 2, `/both/${i}`)))
    expect(told.length).toBe(20)
    const answers = await Promise.all([
      purge(0, 'X-Purge: left'),
      purge(1, 'X-Purge: right'),
      purge(1, 'X-Purge: left'),
      purge(0, 'X-Purge: right'),
    ])
    expect(answers.reduce((sum, purged) => sum + purged, 0)).toBe(20)
    expect(scene.sum('n_obj_purged')).toBe(before + 20)
  }
})

test('a worker that dies while others purge leaves nothing undone', async () => {
  tagged('red')
  for (let i = 0; i < 20; i++) await scene.told(i % 2, `/many/${i}`)
  await scene.crew.kill(1)
  await scene.crew.replaced(1)
  expect(await purge(1, 'X-Purge: red')).toBeGreaterThanOrEqual(20)
  for (let i = 0; i < 20; i++) expect(Number(await scene.told(i % 2, `/many/${i}`))).toBeGreaterThan(20)
})
