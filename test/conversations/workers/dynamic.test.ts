import { afterAll, beforeAll, expect, test } from 'vitest'
import { listBackends } from '../../../src/upkeep/health/backend-list.ts'
import { until } from '../../kit/crowd.ts'
import { Scene } from './scene.ts'

const RULES = `
  import dynamic;
  probe up { .url = "/health"; .interval = 0.02s; .window = 1; .threshold = 1; .initial = 1; }
  sub vcl_init { new d = dynamic.director(probe = up); }
  sub vcl_recv { set req.backend_hint = d.backend("127.0.0.1", req.http.port); return (pass); }`

let scene: Scene
let well = true

beforeAll(async () => {
  scene = await Scene.open(2, RULES)
  scene.answer = (request, response) => {
    if (request.url === '/health') response.statusCode = well ? 200 : 500
    response.end('content')
  }
  scene.crew.health.begin()
})

afterAll(() => scene.close())

const listed = () => listBackends(scene.crew.health).filter(({ name }) => name.startsWith('boot.d('))
const told = (slot: number) => scene.told(slot, '/', `port: ${scene.port}`)

test('what two workers have made is one to the manager: one probe, and both see what came of it', async () => {
  for (const slot of [0, 1]) expect(await told(slot)).toBe('content')
  await until('it is listed', () => listed().length === 1)
  well = false
  await until('it is sick', () => listed()[0].health === 'sick')
  for (const slot of [0, 1]) expect(await told(slot)).toContain('503 Backend fetch failed')
  well = true
  await until('it is well again', () => listed()[0].health === 'healthy')
  for (const slot of [0, 1]) expect(await told(slot)).toBe('content')
  expect(listed().length).toBe(1)
})

test('it is there while a worker uses it: one that has died uses nothing', async () => {
  await scene.crew.kill(0)
  await scene.crew.replaced(1)
  expect(listed().length).toBe(1)
  await scene.crew.kill(1)
  await scene.crew.replaced(2)
  expect(listed()).toEqual([])
  expect(await told(1)).toBe('content')
  await until('it is listed again', () => listed().length === 1)
})
