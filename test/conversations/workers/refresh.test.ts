import { afterAll, beforeAll, expect, test } from 'vitest'
import { until } from '../../kit/crowd.ts'
import { Scene } from './scene.ts'

/** Stale objects that may be served meanwhile: whichever worker they are asked of, one fetch refreshes them for all. */
let scene: Scene

beforeAll(async () => {
  scene = await Scene.open(2, '')
})

afterAll(async () => {
  await scene.close()
})

/** Stale when it comes, and usable for long. */
const STALE = { 'Cache-Control': 'max-age=10, stale-while-revalidate=1000', Age: '11', ETag: '"1"' }
const FRESH = { 'Cache-Control': 'max-age=10, stale-while-revalidate=1000', ETag: '"2"' }

test('many stale hits in both workers: one background fetch, and what it brings is everybody’s', async () => {
  const held: (() => void)[] = []
  scene.begin((_, response, number) => {
    if (number === 1) response.writeHead(200, STALE).end('old')
    else held.push(() => response.writeHead(200, FRESH).end('new'))
  })
  expect(await scene.told(0, '/many')).toBe('old')
  for (let i = 0; i < 10; i++) expect(await scene.told(i % 2, '/many')).toBe('old')
  expect([scene.sum('s_bgfetch'), scene.sum('cache_hit_grace')]).toEqual([1, 10])
  held[0]()
  while ((await scene.told(1, '/many')) === 'old');
  for (let i = 0; i < 10; i++) expect(await scene.told(i % 2, '/many')).toBe('new')
  expect(scene.asked.length).toBe(2)
})

test('what a 304 to one worker has freshened is fresh in the other: Age and header', async () => {
  scene.begin((request, response, number) => {
    if (number === 1) response.writeHead(200, STALE).end('body')
    else response.writeHead(304, { ...FRESH, ETag: '"1"', 'X-Checked': String(request.headers['if-none-match']) }).end()
  })
  await scene.ask(0, '/checked')
  const stale = await scene.ask(1, '/checked')
  expect([stale.body.toString(), Number(stale.field('Age')) >= 11, stale.field('X-Checked')]).toEqual(['body', true, undefined])
  while ((await scene.ask(1, '/checked')).field('X-Checked') === undefined);
  for (const slot of [0, 1]) {
    const fresh = await scene.ask(slot, '/checked')
    expect([fresh.body.toString(), Number(fresh.field('Age')) < 10, fresh.field('X-Checked')]).toEqual(['body', true, '"1"'])
  }
  expect(scene.asked.length).toBe(2)
})

test('the worker that refreshes it dies: the next stale hit of another refreshes it', async () => {
  scene.begin((_, response, number) => {
    if (number === 1) response.writeHead(200, STALE).end('old')
    else if (number > 2) response.writeHead(200, FRESH).end('new')
  })
  expect(await scene.told(1, '/dies')).toBe('old')
  expect(await scene.told(1, '/dies')).toBe('old')
  await until('it is being refreshed', () => scene.asked.length === 2)
  await scene.crew.kill(1)
  expect(await scene.told(0, '/dies')).toBe('old')
  while ((await scene.told(0, '/dies')) === 'old');
  await scene.crew.replaced(1)
  expect(await scene.told(1, '/dies')).toBe('new')
  expect(await scene.told(0, '/dies')).toBe('new')
  expect(scene.asked.length).toBe(3)
})
