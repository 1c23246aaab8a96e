import { afterAll, beforeAll, expect, test } from 'vitest'
import { until } from '../../kit/crowd.ts'
import { Scene } from './scene.ts'

let scene: Scene
let well = true

beforeAll(async () => {
  scene = await Scene.open(
    2,
    'probe default { .url = "/health"; .interval = 0.02s; .window = 2; .threshold = 1; }\nsub vcl_recv { return (pass); }',
  )
  scene.answer = (request, response) => {
    if (request.url === '/health') response.statusCode = well ? 200 : 500
    response.end('content')
  }
  scene.crew.health.begin()
})

afterAll(() => scene.close())

const seen = (): number[] => scene.crew.health.all.map(({ table }) => Number(table.isHealthy(0)))
const probes = (): number => scene.asked.filter((line) => line === 'GET /health').length

test('all workers see at once what the one probe of the manager has found', async () => {
  await until('it is well', () => seen()[0] === 1)
  for (const slot of [0, 1]) expect(await scene.told(slot, '/')).toBe('content')
  well = false
  await until('it is sick', () => seen()[0] === 0)
  for (const slot of [0, 1]) expect(await scene.told(slot, '/')).toContain('503 Backend fetch failed')
  well = true
  await until('it is well again', () => seen()[0] === 1)
  for (const slot of [0, 1]) expect(await scene.told(slot, '/')).toBe('content')
  expect(scene.crew.counts()).toMatchObject({ 'MAIN.backend_unhealthy': 2, 'VBE.boot.default.unhealthy': 2 })
})

test('what an operator says holds in all workers, and in one that has just been started', async () => {
  scene.crew.health.setAdmin(() => true, 'sick')
  for (const slot of [0, 1]) expect(await scene.told(slot, '/')).toContain('503 Backend fetch failed')
  await scene.crew.kill(0)
  await scene.crew.replaced(1)
  expect(await scene.told(0, '/')).toContain('503 Backend fetch failed')
  scene.crew.health.setAdmin(() => true, 'probe')
  for (const slot of [0, 1]) expect(await scene.told(slot, '/')).toBe('content')
})

test('after the end of the rules nobody is probed', async () => {
  const before = probes()
  await until('it is probed', () => probes() > before)
  scene.crew.health.remove('boot')
  const asked = probes()
  // Somebody else's request goes there and back meanwhile, twenty times the interval.
  for (let i = 0; i < 50; i++) await scene.told(i % 2, '/')
  expect(probes() - asked).toBeLessThanOrEqual(1)
})
