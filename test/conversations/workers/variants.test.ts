import { afterAll, beforeAll, expect, test } from 'vitest'
import { Scene } from './scene.ts'

/** Stored by one worker, found by the other in other words. */
let scene: Scene

beforeAll(async () => {
  scene = await Scene.open(2, '')
})

afterAll(async () => {
  await scene.close()
})

const VARIES = { 'Cache-Control': 'max-age=1000', Vary: 'X-Kind, Accept-Language' }

test('a response in the language that a request prefers is found by the other worker, too', async () => {
  scene.begin((_, response) => response.writeHead(200, { ...VARIES, 'Content-Language': 'de' }).end('deutsch'))
  await scene.ask(0, '/language', 'Accept-Language: en, de')
  expect((await scene.ask(1, '/language', 'Accept-Language: fr;q=0.5, de')).body.toString()).toBe('deutsch')
  expect(scene.asked.length).toBe(1)
})

test('what one worker has stored the other names to the origin; what the 304 has chosen is stored for both', async () => {
  const named: unknown[] = []
  const negotiated = { ...VARIES, Vary: 'Accept' }
  scene.begin((request, response) => {
    named.push(request.headers['if-none-match'])
    if (request.headers['accept'] === 'c') response.writeHead(304, { ...negotiated, ETag: '"a"', 'X-New': 'yes' }).end()
    else response.writeHead(200, { ...negotiated, ETag: `"${String(request.headers['accept'])}"` }).end(String(request.headers['accept']))
  })
  await scene.ask(0, '/named', 'Accept: a')
  await scene.ask(1, '/named', 'Accept: b')
  expect((await scene.ask(1, '/named', 'Accept: c')).body.toString()).toBe('a')
  expect(named).toEqual([undefined, '"a"', '"b", "a"'])
  const other = await scene.ask(0, '/named', 'Accept: a')
  expect([other.body.toString(), other.field('X-New')]).toEqual(['a', undefined])
  expect((await scene.ask(0, '/named', 'Accept: c')).body.toString()).toBe('a')
  expect(scene.asked.length).toBe(3)
})
