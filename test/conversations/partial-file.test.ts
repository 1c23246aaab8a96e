import { once } from 'node:events'
import { createServer, get, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { newPath } from '../kit/arena-file.ts'
import { bytesOf } from '../kit/known-bodies.ts'
import { Instance } from '../unit/manager/instance.ts'

/** Parts in a store in a file, before and after a restart of the program. */

const SIZE = 5_000_000

let origin: Server
const asked: (string | undefined)[] = []
let instance: Instance | undefined

beforeEach(async () => {
  asked.length = 0
  origin = createServer((request, response) => {
    const { range } = request.headers
    asked.push(range)
    const found = /^bytes=(\d+)-(\d*)$/.exec(range ?? '')
    const from = Number(found?.[1] ?? 0)
    const to = found === null || found[2] === '' ? SIZE - 1 : Number(found[2])
    response
      .setHeader('Cache-Control', 'max-age=1000')
      .setHeader('ETag', '"v1"')
      .setHeader('Content-Length', to - from + 1)
    if (found !== null) response.writeHead(206, { 'Content-Range': `bytes ${from}-${to}/${SIZE}` })
    response.end(bytesOf(7, from, to + 1))
  })
  await new Promise<void>((resolve) => origin.listen(0, '127.0.0.1', resolve))
})

afterEach(async () => {
  instance?.kill()
  origin.closeAllConnections()
  await new Promise((resolve) => origin.close(resolve))
})

function start(path: string, ...flags: string[]): Promise<Instance> {
  const { port } = origin.address() as AddressInfo
  instance = new Instance(['-b', `127.0.0.1:${port}`, '-s', `file,${path},64M`, '-w', '2', ...flags])
  return instance.ready()
}

/** The status; the bytes are right, or it throws. */
async function ask(port: number, from: number, to: number): Promise<number | undefined> {
  const whole = from === 0 && to === SIZE - 1
  const headers = whole ? { Host: 'a' } : { Host: 'a', Range: `bytes=${from}-${to}` }
  const [response] = (await once(get({ host: '127.0.0.1', port, path: '/', headers, agent: false }), 'response')) as [IncomingMessage]
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(chunk as Buffer)
  if (!Buffer.concat(chunks).equals(bytesOf(7, from, to + 1))) throw new Error(`wrong bytes of ${from}-${to}`)
  return response.statusCode
}

for (const [how, signal] of [
  ['a clean stop', 'SIGTERM'],
  ['kill -9', 'SIGKILL'],
] as const) {
  test(`after ${how} what was there of it is there, and is completed`, async () => {
    const path = newPath()
    const first = await start(path)
    expect(await ask(first.port, 2_000_000, 2_999_999)).toBe(206)
    expect(await ask(first.port, 4_000_000, 4_499_999)).toBe(206)
    // Its client may have the last byte before it is known to be the last.
    expect(await ask(first.port, 4_000_000, 4_499_999)).toBe(206)
    first.child.kill(signal)
    await first.exited
    const second = await start(path)
    expect(await ask(second.port, 2_500_000, 2_600_000)).toBe(206)
    expect(await ask(second.port, 4_499_990, 4_499_999)).toBe(206)
    expect(asked).toEqual(['bytes=2000000-2999999', 'bytes=4000000-4499999'])
    expect(await ask(second.port, 2_900_000, 4_100_000)).toBe(206)
    expect(asked[2]).toBe('bytes=3000000-3999999')
    expect(await ask(second.port, 0, SIZE - 1)).toBe(200)
    const fetched = asked.length
    expect(await ask(second.port, 0, SIZE - 1)).toBe(200)
    expect(asked.length).toBe(fetched)
    second.child.kill('SIGTERM')
    expect(await second.exited).toBe(0)
  }, 60_000)
}

for (const parameter of ['http_range_support=off', 'policy=varnish']) {
  test(`parts that are left there are never taken for the whole with ${parameter}`, async () => {
    const path = newPath()
    const first = await start(path)
    expect(await ask(first.port, 2_000_000, 2_999_999)).toBe(206)
    first.child.kill('SIGTERM')
    await first.exited
    const second = await start(path, '-p', parameter)
    for (let i = 0; i < 2; i++) expect(await ask(second.port, 0, SIZE - 1)).toBe(200)
    expect(asked).toEqual(['bytes=2000000-2999999', undefined])
  }, 60_000)
}
