import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Explanation } from '../../../src/explain/contract.ts'
import { Scene } from './scene.ts'

/** Explained requests among workers that serve others. */

let scene: Scene
const text = (rules: string): string => `vcl 4.1;\nbackend default { .host = "127.0.0.1"; .port = "${scene.port}"; }\n${rules}\n`

beforeAll(async () => {
  scene = await Scene.open(2, 'sub vcl_recv { set req.http.By = "boot"; }')
})

afterAll(async () => {
  await scene.close()
})

beforeEach(() => {
  scene.begin((_request, response) => void response.setHeader('Cache-Control', 'max-age=60').end('page'))
})

function facts({ transactions }: Explanation, about: string): Record<string, unknown> {
  const notes = transactions.flatMap(({ entries }) => entries).filter((entry) => entry.is === 'note')
  return notes.find((note) => note.about === about)?.facts ?? {}
}

test('whichever worker takes it through, it is the store of all', async () => {
  const first = await scene.crew.explain('http://a/one')
  expect([first.worker, facts(first, 'stored')['stored']]).toEqual([0, true])
  const second = await scene.crew.explain('-w', '1', 'http://a/one')
  expect([second.worker, facts(second, 'lookup')['outcome']]).toEqual([1, 'hit'])
  expect(await scene.told(1, '/one')).toBe('page')
  expect(scene.asked).toEqual(['GET /one'])
  await expect(scene.crew.explain('-w', '2', 'http://a/one')).rejects.toThrow('there are 2 workers: the last is 1')
})

test('a fetch that another worker makes is waited for', async () => {
  let answer = (): void => {}
  scene.begin((_request, response) => (answer = () => void response.setHeader('Cache-Control', 'max-age=60').end('late')))
  const other = await scene.asking(0, '/shared')
  await scene.crew.until('it is being fetched', () => scene.asked.length === 1)
  const telling = scene.crew.explain('-w', '1', 'http://a/shared')
  await scene.crew.until('the explained request waits', () => scene.crew.count(1, 'busy_sleep') > 0)
  answer()
  const told = await telling
  expect(facts(told, 'lookup')['outcome']).toBe('wait')
  expect(told.outcome).toMatchObject({ status: 200, body_bytes: 4 })
  await scene.crew.until('the other has it, too', () => other.ended)
  expect(scene.asked).toEqual(['GET /shared'])
})

test('the rules are those that are active, and labels lead to theirs', async () => {
  const { rules } = scene.crew
  await rules.inline('target', text('sub vcl_recv { set req.http.By = "target"; return (synth(201)); }'))
  await rules.label('door', 'target')
  await rules.inline('through', text('sub vcl_recv { return (vcl(door)); }'))
  await rules.use('through')
  const told = await scene.crew.explain('http://a/labelled')
  expect(told.rules).toBe('through')
  expect(told.outcome.status).toBe(201)
  const ran = told.transactions[0].entries.flatMap((entry) =>
    entry.is === 'rule' && !entry.builtin ? [`${entry.text} ${entry.value ?? ''}`] : [],
  )
  expect(ran).toContain('set req.http.By = "target"; return (synth(201)); } target')
  await rules.use('boot')
  await rules.discard(['through', 'door', 'target'])
  await scene.crew.until('they have ended', () => scene.crew.counts()['MAIN.n_vcl'] === 1)
})

test('rules that are discarded while a fetch of an explained request is under way end with it', async () => {
  const { rules } = scene.crew
  let answer = (): void => {}
  scene.begin((_request, response) => (answer = () => void response.setHeader('Cache-Control', 'max-age=60').end('late')))
  await rules.inline('short', text('sub vcl_recv { set req.http.By = "short"; }'))
  await rules.use('short')
  const telling = scene.crew.explain('http://a/short')
  await scene.crew.until('it is being fetched', () => scene.asked.length === 1)
  await rules.use('boot')
  await rules.discard(['short'])
  expect(scene.crew.counts()['MAIN.n_vcl_discard']).toBe(1)
  answer()
  expect((await telling).outcome).toMatchObject({ state: 'complete', status: 200 })
  await scene.crew.until('they have ended', () => scene.crew.counts()['MAIN.n_vcl'] === 1)
})

test('one behind a slow origin keeps no others waiting; there are four at most', async () => {
  const answers: (() => void)[] = []
  scene.begin((request, response) => {
    const answer = (): void => void response.setHeader('Cache-Control', 'max-age=60').end('page')
    if (request.url?.startsWith('/slow') === true) answers.push(answer)
    else answer()
  })
  const slow = [0, 1, 2].map((i) => scene.crew.explain('-H', `X-Who: ${i}`, `http://a/slow${i}`))
  await scene.crew.until('all are being fetched', () => answers.length === 3)
  const quick = await scene.crew.explain('http://a/quick')
  expect([quick.outcome.status, quick.transactions.map(({ kind }) => kind)]).toEqual([200, ['req', 'bereq']])
  slow.push(scene.crew.explain('http://a/slow3'))
  await expect(scene.crew.explain('http://a/fifth')).rejects.toThrow('4 requests are being explained')
  await scene.crew.until('that one, too', () => answers.length === 4)
  for (const answer of answers) answer()
  for (const [i, told] of (await Promise.all(slow)).entries()) {
    expect(told.request).toBe(`GET /slow${i} HTTP/1.1`)
    expect(told.transactions.map(({ kind }) => kind)).toEqual(['req', 'bereq'])
    expect(told.outcome).toMatchObject({ status: 200, body_bytes: 4 })
  }
})

test('a worker that dies over it is replaced, and whoever asked is told', async () => {
  scene.begin(() => {})
  const telling = scene.crew.explain('http://a/never')
  const failed = expect(telling).rejects.toThrow('worker 0')
  await scene.crew.until('it is being fetched', () => scene.asked.length === 1)
  await scene.crew.kill(0)
  await failed
  await scene.crew.replaced(1)
  scene.begin((_request, response) => void response.end('page'))
  expect((await scene.crew.explain('http://a/after')).outcome.status).toBe(200)
})
