import type { ServerResponse } from 'node:http'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Line, Scene } from './scene.ts'

/**
 * Purging and fetching again, for ever, under load and in both workers: each response carries a serial number, and nobody whose request
 * was sent after a purge was answered may see a number that was given before the purge was sent.
 */
let scene: Scene

beforeAll(async () => {
  scene = await Scene.open(2, 'sub vcl_recv { if (req.method == "PURGE") { return (purge); } }')
})

afterAll(async () => {
  await scene.close()
})

const KEYS = 3
const ASKERS = 12
const PURGES = 1000

/** At once, or the head later, or the body in two pieces: whoever purges meets it in each state. */
function answer(response: ServerResponse, number: number, text: string): void {
  const later = (turns: number, then: () => void): void => void setImmediate(() => (turns === 0 ? then() : later(turns - 1, then)))
  response.setHeader('Cache-Control', 'max-age=60').setHeader('Content-Length', text.length)
  if (number % 3 === 0) return void response.end(text)
  if (number % 3 === 1) return later(number % 7, () => response.end(text))
  response.write(text.slice(0, 5))
  later(number % 11, () => response.end(text.slice(5)))
}

for (const vary of [false, true]) {
  test(`nothing that was purged is served${vary ? ', in any of two variants' : ''}`, async () => {
    const serials = Array.from({ length: KEYS }, () => 0)
    const floors = Array.from({ length: KEYS }, () => 0)
    const path = (key: number): string => `/${vary}/${key}`
    scene.begin((request, response, number) => {
      const key = Number(request.url?.split('/')[2])
      const serial = ++serials[key]
      if (vary) response.setHeader('Vary', 'X-Variant')
      answer(response, number, `${key} ${String(request.headers['x-variant'])} ${serial}.`.padEnd(2000, '#'))
    })
    const before = scene.sum('cache_hit')
    const wrong: string[] = []
    let purged = 0
    const goesOn = (): boolean => purged < PURGES
    const asker = async (line: Line, n: number): Promise<void> => {
      const variant = vary ? String(n % 2) : 'x'
      for (let i = n; goesOn(); i++) {
        const key = i % KEYS
        const floor = floors[key]
        const body = await line.ask(`GET ${path(key)}`, `X-Variant: ${variant}`)
        const [its_key, its_variant, serial] = body.slice(0, body.indexOf('.')).split(' ')
        const right = Number(its_key) === key && (!vary || its_variant === variant) && body.length === 2000
        if (!right || Number(serial) <= floor) wrong.push(`${body.slice(0, 30)} after ${floor}`)
      }
    }
    const purger = async (line: Line, n: number): Promise<void> => {
      for (let i = n; goesOn(); i++) {
        const key = i % KEYS
        const issued = serials[key]
        await line.ask(`PURGE ${path(key)}`)
        floors[key] = Math.max(floors[key], issued)
        purged++
      }
    }
    const lines: Line[] = []
    for (let i = 0; i < ASKERS + 2; i++) lines.push(await scene.line(i % 2))
    await Promise.all(lines.map((line, i) => (i < 2 ? purger(line, i) : asker(line, i))))
    expect(wrong).toEqual([])
    expect(Math.min(...serials)).toBeGreaterThan(20)
    expect(scene.sum('cache_hit')).toBeGreaterThan(before)
  })
}
