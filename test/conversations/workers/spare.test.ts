import { createServer, request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test, vi } from 'vitest'
import { memoryOf } from '../../../src/log/place.ts'
import { readRing } from '../../../src/log/reader.ts'
import type { SpareThread } from '../../../src/manager/spare-thread.ts'
import { type Crew, newCrew } from '../../kit/crew.ts'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

/** A worker that dies is replaced by a thread that has been waiting for that, and has practised meanwhile. */

let origin: Server
let crew: Crew
const asked: string[] = []

async function newHouse(flags = '', quiet_ms = 0): Promise<SpareThread> {
  asked.length = 0
  origin = createServer((incoming, response) => {
    asked.push(incoming.url ?? '')
    response.setHeader('Cache-Control', 'max-age=1000').end('the body')
  })
  await new Promise<void>((resolve) => origin.listen(0, '127.0.0.1', resolve))
  crew = newCrew(2, `-b 127.0.0.1:${(origin.address() as AddressInfo).port}${flags}`, 2 ** 28, true)
  const spare = crew.workers['spare']!
  spare.quiet_ms = quiet_ms
  spare.turn_ms = 3
  await crew.start()
  return spare
}

afterEach(async () => {
  await crew.close()
  origin.closeAllConnections()
  origin.close()
})

function get(path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const asking = request({ port: crew.port, path, agent: false }, (response) => {
      let text = ''
      response
        .setEncoding('latin1')
        .on('data', (part) => (text += String(part)))
        .on('end', () => resolve(`${response.statusCode} ${text}`))
    })
    asking.on('error', reject).end()
  })
}

/** What workers that rehearse have logged: it is in no log that anybody reads. */
function rehearsed(spare: SpareThread, tag: string): Set<string> {
  const ring = spare['stage']['made']!.ring
  return new Set([...readRing(memoryOf(ring.memory))].filter(({ name }) => name === tag).map(({ text }) => text))
}

test('who takes the place of one that died has rehearsed, of which nobody else has heard', async () => {
  const spare = await newHouse()
  expect(await get('/one')).toBe('200 the body')
  await crew.until('it rehearses', () => spare.rehearsal !== undefined)
  await crew.until('it has rehearsed', () => spare.rehearsal === undefined)
  expect(rehearsed(spare, 'RespStatus')).toEqual(new Set(['200', '206', '304']))
  const steps = ['RECV', 'HASH', 'HIT', 'MISS', 'PASS', 'DELIVER', 'BACKEND_FETCH', 'BACKEND_RESPONSE']
  expect(rehearsed(spare, 'VCL_call')).toEqual(new Set(steps))
  const thread = spare['one']?.thread
  expect(thread).toBeDefined()
  await crew.kill(0)
  await crew.replaced(1)
  expect(crew.workers['threads'][0].running).toBe(thread)
  for (let i = 0; i < 20; i++) expect(await get('/one')).toBe('200 the body')
  expect(asked).toEqual(['/one'])
  expect(crew.counts()).toMatchObject({ 'MAIN.client_req': 21, 'MAIN.cache_miss': 1, 'MAIN.cache_hit': 20, 'MAIN.n_object': 1 })
  await crew.until('all is logged', () => crew.log().filter(({ tag }) => tag === 'RespStatus').length === 21)
  expect(new Set(crew.log().flatMap(({ tag, text }) => (tag === 'ReqURL' ? [text] : [])))).toEqual(new Set(['/one']))
  // And the next one is begun.
  await crew.until('it rehearses', () => spare.rehearsal !== undefined)
})

test('one that is needed while it rehearses serves at once', async () => {
  const spare = await newHouse()
  for (let death = 1; death <= 4; death++) {
    await crew.until('it rehearses', () => spare.rehearsal !== undefined && (death % 2 === 0 || spare.rehearsal['asked'] > 20))
    const thread = spare['one']?.thread
    await crew.kill(death % 2)
    await crew.replaced(death)
    expect(crew.workers['threads'][death % 2].running).toBe(thread)
    expect(await get(`/${death}`)).toBe('200 the body')
  }
  expect(asked).toEqual(['/1', '/2', '/3', '/4'])
})

/** The spare worker is to say so, and whoever dies is replaced. */
async function isDoneWithout(spare: SpareThread, said: RegExp): Promise<void> {
  await crew.until('that is said', () => crew.operations.heard.length > 0)
  expect(crew.operations.heard).toEqual([expect.stringMatching(said)])
  expect(spare.rehearsal).toBeUndefined()
  await crew.kill(1)
  await crew.replaced(1)
  expect(await get('/one')).toBe('200 the body')
}

test('one that cannot begin is said, and done without', async () => {
  const spare = await newHouse('', 60_000)
  // Node throws here, as where the system gives no more threads.
  spare['begin'](new URL('nowhere:'))
  await isDoneWithout(spare, /^the spare worker could not be begun: /)
})

test('one that cannot listen does not rehearse for ever', async () => {
  const spare = await newHouse('', 60_000)
  const stage = spare['stage']
  const config = stage.config.bind(stage)
  stage.config = ([endpoint], image) => config([{ ...endpoint, host: '192.0.2.1' }], image)
  spare['begin'](crew.workers['threads'][0].entry)
  const thread = spare['one']?.thread
  await isDoneWithout(spare, /^the spare worker could not rehearse: cannot listen on .*this machine has no such address$/)
  expect(crew.workers['threads'][1].running).toBe(thread)
})

test('workers that are full and have room again, again and again, do not put it off', async () => {
  const spare = await newHouse('', 300)
  const entry = crew.workers['threads'][0].entry
  await crew.until('it rehearses', () => {
    spare.prepare(entry)
    return spare.rehearsal !== undefined
  })
})

test('clients whose connections are closed between two requests ask on others', async () => {
  const spare = await newHouse(' -p timeout_idle=0.001')
  await crew.until('it rehearses', () => spare.rehearsal !== undefined)
  const { rehearsal } = spare
  await crew.until('it has rehearsed', () => spare.rehearsal === undefined)
  expect(rehearsal?.['asked']).toBeGreaterThanOrEqual(1200)
})

test('one that has begun to end is given to nobody', async () => {
  const spare = await newHouse()
  await crew.until('it rehearses', () => spare.rehearsal !== undefined)
  await crew.until('it has rehearsed', () => spare.rehearsal === undefined)
  const { thread, life } = spare['one']!
  const taken = new Promise((resolve) => life.once('close', () => resolve(spare.take())))
  const ended = new Promise((resolve) => thread.once('exit', resolve))
  void thread.terminate()
  expect(await taken).toBeUndefined()
  await ended
  expect(crew.operations.heard).toEqual([expect.stringMatching(/^the spare worker ended: /)])
})

test('one that dies itself is not missed', async () => {
  const spare = await newHouse()
  await crew.until('it rehearses', () => spare.rehearsal !== undefined)
  await spare['one']?.thread.terminate()
  await crew.until('that is noticed', () => spare['one'] === undefined)
  expect(crew.operations.heard).toEqual([expect.stringMatching(/^the spare worker ended: .*; who dies next is replaced by a new one$/)])
  await crew.kill(1)
  await crew.replaced(1)
  expect(await get('/one')).toBe('200 the body')
})

test.each([
  ['with spare_worker off', ' -p spare_worker=off', 0],
  ['before it has been quiet for a while', '', 60_000],
])('%s there is none, and workers are replaced all the same', async (_, flags, quiet_ms) => {
  const spare = await newHouse(flags, quiet_ms)
  await crew.kill(0)
  await crew.replaced(1)
  expect(await get('/one')).toBe('200 the body')
  expect(spare['one']).toBeUndefined()
})

test('it ends with the workers', async () => {
  const spare = await newHouse()
  await crew.until('it rehearses', () => spare.rehearsal !== undefined)
  const ended = new Promise((resolve) => spare['one']?.thread.once('exit', resolve))
  await crew.close()
  await ended
  await crew.again()
  await crew.until('it rehearses', () => spare.rehearsal !== undefined)
})
