import { afterAll, beforeAll, expect, test } from 'vitest'
import { until } from '../../kit/crowd.ts'
import { Scene } from './scene.ts'

/** No-Vary-Search: what one worker has fetched answers equivalent URLs in all, and what one purges is gone for all. */
let scene: Scene

beforeAll(async () => {
  scene = await Scene.open(2, 'sub vcl_recv { if (req.method == "PURGE") { return (purge); } }', '-p no_vary_search=on')
})

afterAll(async () => {
  await scene.close()
})

const FIELDS = { 'Cache-Control': 'max-age=1000', 'No-Vary-Search': 'params' }

test('asked of one, known to the other, purged by either under any of its URLs', async () => {
  scene.begin((_, response, number) => void response.writeHead(200, FIELDS).end(String(number)))
  expect([await scene.told(0, '/a?1'), await scene.told(1, '/a?2'), await scene.told(0, '/a?3')]).toEqual(['1', '1', '1'])
  await scene.ask(1, 'PURGE /a?4')
  expect([await scene.told(0, '/a?1'), await scene.told(1, '/a?5')]).toEqual(['2', '2'])
  await scene.ask(0, 'PURGE /a?1')
  expect([await scene.told(1, '/a?1'), await scene.told(0, '/a?5')]).toEqual(['3', '3'])
})

test('equivalent URLs asked of both at once: one fetch', async () => {
  let answer = (): void => {}
  scene.begin((_, response, number) => {
    const now = (): void => void response.writeHead(200, FIELDS).end(String(number))
    if (number === 2) answer = now
    else now()
  })
  expect(await scene.told(0, '/b?1')).toBe('1')
  await scene.ask(0, 'PURGE /b?1')
  const before = scene.sum('busy_sleep')
  const first = scene.told(0, '/b?2')
  await until('it is fetched', () => scene.asked.filter((line) => line.startsWith('GET')).length === 2)
  const second = scene.told(1, '/b?3')
  await until('the other waits', () => scene.sum('busy_sleep') > before)
  answer()
  expect([await first, await second]).toEqual(['2', '2'])
})
