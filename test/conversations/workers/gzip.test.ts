import { afterAll, beforeAll, expect, test } from 'vitest'
import { until } from '../../kit/crowd.ts'
import { Scene } from './scene.ts'

/** What one worker has compressed, or still compresses, all unpack. */
const RULES = 'sub vcl_backend_response { set beresp.do_gzip = true; }'
const TEXT = 'Hello world, this is compressible. '.repeat(20_000)

let scene: Scene

beforeAll(async () => {
  scene = await Scene.open(2, RULES)
})

afterAll(async () => {
  await scene.close()
})

test('stored by one, unpacked by the other', async () => {
  scene.begin((_, response) => response.setHeader('Cache-Control', 'max-age=60').end(TEXT))
  const before = scene.sum('n_gzip')
  for (const slot of [0, 1, 0, 1]) expect(await scene.told(slot, '/stored', 'Accept-Encoding: identity')).toBe(TEXT)
  expect(scene.sum('n_gzip') - before).toBe(1)
})

test('the other follows while it is compressed', async () => {
  let finish = (): void => {}
  scene.begin((_, response) => {
    response.setHeader('Cache-Control', 'max-age=60').write(TEXT)
    finish = () => response.end(TEXT)
  })
  const before = scene.sum('n_gzip')
  const hits = scene.sum('cache_hit')
  const first = scene.told(0, '/filling', 'Accept-Encoding: identity')
  await until('it is being compressed', () => scene.sum('n_gzip') > before)
  const second = scene.told(1, '/filling', 'Accept-Encoding: identity')
  await until('the other has found it', () => scene.sum('cache_hit') > hits)
  finish()
  expect(await first).toBe(TEXT + TEXT)
  expect(await second).toBe(TEXT + TEXT)
  expect(scene.sum('n_gzip') - before).toBe(1)
})
