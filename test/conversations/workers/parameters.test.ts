import { afterAll, beforeAll, expect, test } from 'vitest'
import { Scene } from './scene.ts'

/** Parameters that have been made into something else at the start follow when they change, in all workers. */

let scene: Scene

beforeAll(async () => {
  scene = await Scene.open(2, '', '-p policy=varnish')
  scene.begin((_, response, number) => response.end(String(number)))
})

afterAll(async () => {
  await scene.close()
})

test('default_ttl: what is stored from then on is fresh for so long', async () => {
  expect(await scene.told(0, '/a')).toBe(await scene.told(1, '/a'))
  await scene.crew.workers.tellParameters({ default_ttl: 0, default_grace: 0 })
  for (const slot of [0, 1]) {
    const url = `/uncached/${slot}`
    expect(await scene.told(slot, url)).not.toBe(await scene.told(slot, url))
  }
  // What was stored before keeps what it was given.
  expect(await scene.told(0, '/a')).toBe(await scene.told(1, '/a'))
  await scene.crew.workers.tellParameters({ default_ttl: 120, default_grace: 10 })
  expect(await scene.told(0, '/b')).toBe(await scene.told(1, '/b'))
})

test('vsl_mask: from then on the log has other records', async () => {
  await scene.crew.workers.tellParameters({ vsl_mask: '-VCL_call,-VCL_return' })
  const calls = (): number => scene.crew.log().filter(({ tag }) => tag === 'VCL_call').length
  const before = calls()
  for (const slot of [0, 1]) await scene.told(slot, '/d')
  expect(calls()).toBe(before)
  await scene.crew.workers.tellParameters({ vsl_mask: 'none' })
  for (const slot of [0, 1]) await scene.told(slot, '/d')
  expect(calls()).toBeGreaterThan(before)
})
