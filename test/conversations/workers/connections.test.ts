import { afterAll, beforeAll, expect, test } from 'vitest'
import { until } from '../../kit/crowd.ts'
import { Scene } from './scene.ts'

let scene: Scene
/** Requests that the origin holds back. */
const held: (() => void)[] = []

beforeAll(async () => {
  scene = await Scene.open(2, 'sub vcl_recv { return (pass); }', '', '.max_connections = 2; .wait_limit = 1; .wait_timeout = 30s;')
  scene.answer = (_, response) => void held.push(() => response.end('content'))
})

afterAll(() => scene.close())

test('max_connections is that of all workers, and who waits in one is told when another gives a connection back', async () => {
  const [a, b] = [await scene.asking(0, '/a'), await scene.asking(1, '/b')]
  await until('both are asked', () => held.length === 2)
  const c = await scene.asking(0, '/c')
  await until('the third waits', () => scene.sum('backend_wait') === 1)
  // Nobody else waits in that worker, and there is no room in the line.
  expect(await scene.told(0, '/d')).toContain('503 Backend fetch failed')
  const e = await scene.asking(1, '/e')
  await until('in the other worker there is', () => scene.sum('backend_wait') === 2)
  expect(scene.asked.length).toBe(2)
  held.shift()!()
  await until('the first is answered', () => a.ended || b.ended)
  await until('and one who waited is asked for', () => held.length === 2)
  held.shift()!()
  await until('and then the other', () => held.length === 2)
  for (const answer of held.splice(0)) answer()
  await until('all are answered', () => [a, b, c, e].every((one) => one.ended))
  expect([a, b, c, e].map(({ body }) => body.toString())).toEqual(['content', 'content', 'content', 'content'])
  expect(scene.crew.counts()).toMatchObject({ 'MAIN.backend_busy': 1, 'VBE.boot.default.busy': 1, 'MAIN.backend_wait_fail': 0 })
})

test('the connections of a worker that dies are given back', async () => {
  held.length = 0
  const [a, b] = [await scene.asking(0, '/1'), await scene.asking(0, '/2')]
  await until('both are asked', () => held.length === 2)
  await scene.crew.kill(0)
  await scene.crew.replaced(1)
  expect([a.ended, b.ended]).toEqual([true, true])
  const c = await scene.asking(1, '/3')
  await until('there is room', () => held.length === 3)
  held[2]()
  await until('it is answered', () => c.ended)
  expect(c.body.toString()).toBe('content')
})
