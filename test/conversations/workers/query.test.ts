import { afterAll, beforeAll, expect, test } from 'vitest'
import { until } from '../../kit/crowd.ts'
import { Scene } from './scene.ts'

/** QUERY answered by its content: what one worker has fetched all have, and what one invalidates is gone for all. */
let scene: Scene

beforeAll(async () => {
  scene = await Scene.open(2, 'sub vcl_recv { if (req.method == "PURGE") { return (purge); } }', '-p query_body_max=1k')
})

afterAll(async () => {
  await scene.close()
})

async function query(slot: number, content: string): Promise<string> {
  const asked = await scene.asking(slot, 'QUERY /', `Content-Length: ${content.length}`)
  asked.socket.write(content)
  await until('it is answered', () => asked.ended)
  return asked.body.toString()
}

test('asked of one, known to the other, purged by either', async () => {
  scene.begin((_, response, number) => void response.writeHead(200, { 'Cache-Control': 'max-age=1000' }).end(String(number)))
  expect([await query(0, 'a'), await query(1, 'b')]).toEqual(['1', '2'])
  expect([await query(1, 'a'), await query(0, 'b')]).toEqual(['1', '2'])
  await scene.ask(1, 'PURGE /')
  expect([await query(0, 'a'), await query(0, 'b')]).toEqual(['3', '4'])
  expect([await query(1, 'a'), await query(1, 'b')]).toEqual(['3', '4'])
})

test('what is fetched while its URL is purged is not found afterwards', async () => {
  let answer = (): void => {}
  scene.begin((_, response, number) => {
    const now = (): void => void response.writeHead(200, { 'Cache-Control': 'max-age=1000' }).end(`late ${number}`)
    if (number === 1) answer = now
    else now()
  })
  const first = query(0, 'late')
  await until('it is being fetched', () => scene.asked.length === 1)
  await scene.ask(1, 'PURGE /')
  answer()
  expect(await first).toBe('late 1')
  expect([await query(0, 'late'), await query(1, 'late')]).toEqual(['late 2', 'late 2'])
})
