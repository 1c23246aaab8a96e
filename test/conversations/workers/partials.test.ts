import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { until } from '../../kit/crowd.ts'
import { Scene } from './scene.ts'

/** Parts of responses are all workers': stored by one, served, followed, completed and purged by another. */

const RULES = 'sub vcl_recv { if (req.method == "PURGE") { return (purge); } }'
const BODY = Array.from({ length: 40_000 }, (_, i) => String(i % 1000).padStart(3, '0')).join('')

let scene: Scene
const asked: string[] = []

beforeAll(async () => {
  scene = await Scene.open(2, RULES)
})

afterAll(async () => {
  await scene.close()
})

/** First and last byte of what Range asks for. */
function spanOf(range: string): [from: number, to: number][] {
  const [, from, to] = /^bytes=(\d*)-(\d*)$/.exec(range) ?? ['', '0', '']
  return [from === '' ? [BODY.length - Number(to), BODY.length - 1] : [Number(from), to === '' ? BODY.length - 1 : Number(to)]]
}

/** Answers with the range asked for; `pause`: in two halves, the second when it is called. */
function ranged(pauses: (() => void)[] | undefined) {
  asked.length = 0
  scene.begin((request: IncomingMessage, response: ServerResponse) => {
    const { range } = request.headers
    asked.push(range ?? 'whole')
    const found = /^bytes=(\d*)-(\d*)$/.exec(range ?? '')
    const from = found === null ? 0 : found[1] === '' ? BODY.length - Number(found[2]) : Number(found[1])
    const to = found === null || found[1] === '' || found[2] === '' ? BODY.length - 1 : Number(found[2])
    response
      .setHeader('Cache-Control', 'max-age=60')
      .setHeader('ETag', '"v1"')
      .setHeader('Content-Length', to - from + 1)
    if (found !== null) response.writeHead(206, { 'Content-Range': `bytes ${from}-${to}/${BODY.length}` })
    const half = (from + to) >> 1
    response.write(BODY.slice(from, half))
    const end = (): void => void response.end(BODY.slice(half, to + 1))
    if (pauses === undefined) end()
    else pauses.push(end)
  })
}

test('a part that one has stored another serves, and completes', async () => {
  ranged(undefined)
  expect(await scene.told(0, '/a', 'Range: bytes=-60000')).toBe(BODY.slice(-60_000))
  expect(await scene.told(1, '/a', 'Range: bytes=-10')).toBe(BODY.slice(-10))
  expect(await scene.told(1, '/a', 'Range: bytes=70000-70009')).toBe(BODY.slice(70_000, 70_010))
  expect(asked).toEqual(['bytes=-60000'])
  const { status, body } = await scene.ask(1, '/a')
  expect([status, body.toString('latin1') === BODY]).toEqual([200, true])
  expect(await scene.told(0, '/a')).toBe(BODY)
  expect(asked).toEqual(['bytes=-60000', 'bytes=0-59999'])
})

describe('while a part is being filled in one worker', () => {
  test('another serves what has come, follows the rest, and fetches what is missing', async () => {
    const pauses: (() => void)[] = []
    ranged(pauses)
    const filling = await scene.asking(0, '/b', 'Range: bytes=-60000')
    await until('it has begun', () => filling.first_ms < Infinity && pauses.length === 1)
    expect(await scene.told(1, '/b', 'Range: bytes=61000-61009')).toBe(BODY.slice(61_000, 61_010))
    const follower = await scene.asking(1, '/b', 'Range: bytes=61000-')
    await until('it follows', () => follower.first_ms < Infinity)
    const whole = await scene.asking(1, '/b')
    await until('the rest is asked for', () => pauses.length === 2)
    expect(asked).toEqual(['bytes=-60000', 'bytes=0-59999'])
    for (const go of pauses) go()
    await until('all have it', () => filling.ended && follower.ended && whole.ended)
    expect(follower.body.toString('latin1')).toBe(BODY.slice(61_000))
    expect(whole.body.toString('latin1') === BODY).toBe(true)
  })

  test('it is purged by another: who asks then has a new one, who had begun has all of the old', async () => {
    const pauses: (() => void)[] = []
    ranged(pauses)
    const filling = await scene.asking(0, '/c', 'Range: bytes=-60000')
    await until('it has begun', () => filling.first_ms < Infinity && pauses.length === 1)
    expect((await scene.ask(1, 'PURGE /c')).status).toBe(200)
    const next = await scene.asking(1, '/c', 'Range: bytes=-10')
    await until('it is asked for anew', () => pauses.length === 2)
    for (const go of pauses) go()
    await until('both have it', () => filling.ended && next.ended)
    expect(filling.body.toString('latin1')).toBe(BODY.slice(-60_000))
    expect(next.body.toString('latin1')).toBe(BODY.slice(-10))
    expect(await scene.told(0, '/c', 'Range: bytes=-5')).toBe(BODY.slice(-5))
    expect(asked).toEqual(['bytes=-60000', 'bytes=-10'])
  })
})

test('many clients of both workers, each with another range: every byte is right, and none is fetched by two at once', async () => {
  ranged(undefined)
  const members = await Promise.all(Array.from({ length: 60 }, (_, i) => scene.asking(i % 2, '/d', `Range: bytes=-${60_000 - i * 10}`)))
  await until('all have their answer', () => members.every(({ ended }) => ended))
  for (const [i, { status, body }] of members.entries()) {
    expect([status, body.toString('latin1') === BODY.slice(-(60_000 - i * 10))]).toEqual([206, true])
  }
  expect(await scene.told(0, '/d')).toBe(BODY)
  const fetched = asked.length
  const bytes = asked.flatMap(spanOf).toSorted(([a], [b]) => a - b)
  expect(bytes.filter(([from], i) => i > 0 && from <= bytes[i - 1][1])).toEqual([])
  expect(await scene.told(1, '/d')).toBe(BODY)
  expect(asked.length).toBe(fetched)
})

test('its worker dies while it fills a part: what it had stored of it before is still served', async () => {
  ranged(undefined)
  await scene.told(0, '/e', 'Range: bytes=-10')
  const pauses: (() => void)[] = []
  ranged(pauses)
  const lost = await scene.asking(0, '/e', 'Range: bytes=-60000')
  await until('it has begun', () => lost.first_ms < Infinity)
  await scene.crew.kill(0)
  await until('its client knows', () => lost.ended)
  expect(lost.broken).toBe(true)
  expect(await scene.told(1, '/e', 'Range: bytes=-5')).toBe(BODY.slice(-5))
  ranged(undefined)
  expect(await scene.told(1, '/e')).toBe(BODY)
  await scene.crew.replaced(1)
})
