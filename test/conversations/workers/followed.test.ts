import type { ServerResponse } from 'node:http'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { until, type Member } from '../../kit/crowd.ts'
import { Scene } from './scene.ts'

/** What one worker fetches, another delivers while it comes: what it is told of it, and what it can see of it in the store, are not the same. */
let scene: Scene

beforeAll(async () => {
  scene = await Scene.open(
    2,
    `sub vcl_backend_response {
       set beresp.do_esi = bereq.url ~ "page";
       set beresp.do_gzip = bereq.url ~ "packed";
     }`,
  )
})
afterAll(() => scene.close())

const KEPT = { 'Cache-Control': 'max-age=100', 'Content-Type': 'text/html' }

/** The next turns of the origin's loop, one after the other. */
function oneByOne(count: number, step: (i: number) => void, end: () => void, i = 0): void {
  if (i === count) return end()
  step(i)
  setImmediate(() => setImmediate(() => oneByOne(count, step, end, i + 1)))
}

test('a page with includes: each is in its place, whichever worker it is read in', async () => {
  const PARTS = 60
  const text = 't'.repeat(700)
  scene.begin((request, response) => {
    const url = request.url ?? ''
    response.writeHead(200, KEPT)
    if (!url.startsWith('/page')) response.end(`[${url}]`)
    else
      oneByOne(
        PARTS,
        (i) => response.write(`<p>${text}<esi:include src="/f${i}"/>`),
        () => response.end(),
      )
  })
  const whole = Array.from({ length: PARTS }, (_, i) => `<p>${text}[/f${i}]`).join('')
  for (let page = 0; page < 6; page++) {
    const all: Member[] = []
    for (let i = 0; i < 6; i++) all.push(await scene.asking(i % 2, `/page${page}`))
    await until('all have it', () => all.every(({ ended }) => ended))
    expect(all.map(({ body }) => body.toString() === whole)).toEqual(all.map(() => true))
  }
})

test('who comes when it has come, to a worker that has only seen it begin, is not left waiting', async () => {
  const begun: ServerResponse[] = []
  scene.begin((_, response) => {
    response.writeHead(200, KEPT).flushHeaders()
    begun.push(response)
  })
  for (let i = 0; i < 4; i++) {
    const target = `/packed${i}`
    const first = await scene.asking(0, target)
    await until('it has begun', () => begun.length > i)
    const heads = [
      await scene.asking(1, `HEAD ${target}`, 'Connection: close'),
      await scene.asking(1, `HEAD ${target}`, 'Connection: close'),
    ]
    await until('the other worker has seen it', () => heads.every(({ ended }) => ended))
    begun[i].end('x'.repeat(700))
    await until('it has come', () => first.ended)
    const late = [await scene.asking(1, target), await scene.asking(1, target)]
    await until(`all have ${target}`, () => late.every(({ ended }) => ended))
    expect(late.map(({ body }) => body.length)).toEqual([700, 700])
  }
})
