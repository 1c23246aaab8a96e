import { afterAll, beforeAll, expect, test } from 'vitest'
import { until } from '../../kit/crowd.ts'
import { Scene } from './scene.ts'

/** Cache-Status (RFC 9211) of those who wait in one worker for what another fetches. */
let scene: Scene

beforeAll(async () => {
  scene = await Scene.open(2, '')
})

afterAll(async () => {
  await scene.close()
})

/** Asked of worker 0, and then of worker 1, which waits; what each says of it. */
async function both(target: string, ...lines: string[]): Promise<(string | undefined)[]> {
  const before = scene.sum('busy_sleep')
  const asked = scene.asked.length
  const first = await scene.asking(0, target, ...lines)
  await until('the first is fetched', () => scene.asked.length > asked)
  const second = await scene.asking(1, target, ...lines)
  await until('the second waits', () => scene.sum('busy_sleep') > before)
  release()
  await until('both are answered', () => first.ended && second.ended)
  return [first.field('Cache-Status'), second.field('Cache-Status')].map((status) => status?.replace(/ttl=(8|9|10)$/, 'ttl=10'))
}

let release = (): void => {}

test('it came from another worker’s fetch', async () => {
  scene.begin((_, response) => (release = () => response.writeHead(200, { 'Cache-Control': 'max-age=10' }).end('x')))
  expect(await both('/')).toEqual(['lacquer; fwd=uri-miss; stored; ttl=10', 'lacquer; fwd=uri-miss; stored; collapsed; ttl=10'])
  const hit = await scene.ask(1, '/')
  expect(hit.field('Cache-Status')).toMatch(/^lacquer; hit; ttl=\d+$/)
})

test('confirmed by a 304 to another worker', async () => {
  scene.begin((_, response, number) => {
    const fields = { 'Cache-Control': 'max-age=10', ETag: '"1"' }
    if (number === 1) response.writeHead(200, { ...fields, Age: '5' }).end('x')
    else release = () => response.writeHead(304, fields).end()
  })
  await scene.ask(0, '/old')
  expect(await both('/old', 'Cache-Control: max-age=4')).toEqual([
    'lacquer; fwd=request; fwd-status=304; stored; ttl=10',
    'lacquer; fwd=request; fwd-status=304; stored; collapsed; ttl=10',
  ])
})

test('variants that another worker has stored: it cannot be told whether there is one', async () => {
  scene.begin((_, response) => void response.writeHead(200, { 'Cache-Control': 'max-age=10', Vary: 'X-Kind' }).end('x'))
  await scene.ask(0, '/varies', 'X-Kind: a')
  const [here, there] = [await scene.ask(0, '/varies', 'X-Kind: b'), await scene.ask(1, '/varies', 'X-Kind: c')]
  expect([here.field('Cache-Status'), there.field('Cache-Status')]).toEqual([
    expect.stringMatching(/^lacquer; fwd=vary-miss; stored; ttl=\d+$/),
    expect.stringMatching(/^lacquer; fwd=miss; stored; ttl=\d+$/),
  ])
})

test('not to be shared', async () => {
  scene.begin((_, response, number) => {
    const answer = (): void => void response.writeHead(200, { 'Cache-Control': 'private' }).end(String(number))
    if (number === 1) release = answer
    else answer()
  })
  expect(await both('/private')).toEqual(['lacquer; fwd=uri-miss; detail=private', 'lacquer; fwd=uri-miss; collapsed=?0; detail=private'])
})
