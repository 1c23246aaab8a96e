import { brotliDecompressSync, gzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { until } from '../../kit/crowd.ts'
import { Patience } from '../../kit/patience.ts'
import { Scene } from './scene.ts'

/** One worker makes a copy in another coding, all serve it; whichever takes its object out takes it from all. */
const RULES = 'sub vcl_recv { if (req.method == "PURGE") { return (purge); } }'
const FLAGS = '-p recode_br=on -p recode_hits=3 -p default_grace=1000'
const BR = 'Accept-Encoding: gzip, br'
/** Several pieces of the store. */
const LARGE = Array.from({ length: 30_000 }, (_, i) => `line ${Math.imul(i, 2654435761) >>> 0}`).join('\n')

let scene: Scene
const patience = new Patience()

beforeAll(async () => {
  scene = await Scene.open(2, RULES, FLAGS)
})

afterAll(async () => {
  await scene.close()
})

/** Who gets br, and what it says. */
async function told(slot: number, target: string): Promise<string> {
  const member = await scene.ask(slot, target, BR)
  const { body } = member
  return member.field('content-encoding') === 'br' ? `br ${brotliDecompressSync(body).toString()}` : body.toString('latin1')
}

async function untilBoth(target: string): Promise<void> {
  for (const slot of [0, 1]) await patience.asking(`br of ${target}`, async () => (await told(slot, target)).startsWith('br '))
}

for (const [name, text] of [
  ['small', LARGE.slice(0, 3000)],
  ['large', LARGE],
] as const) {
  test(`made once, served by both, and gone with its object: a ${name} one`, async () => {
    let version = 1
    scene.begin((_, response) => {
      response.setHeader('Cache-Control', 'max-age=60').setHeader('Content-Encoding', 'gzip')
      response.end(gzipSync(`${version} ${text}`))
    })
    const before = scene.sum('n_brotli')
    const target = `/${name}`
    await untilBoth(target)
    expect(scene.sum('n_brotli') - before).toBe(1)
    for (const slot of [0, 1]) expect(await told(slot, target)).toBe(`br 1 ${text}`)
    version = 2
    await scene.ask(1, `PURGE ${target}`)
    const after = await scene.ask(0, target, BR)
    expect(after.field('content-encoding')).toBe('gzip')
    await untilBoth(target)
    for (const slot of [0, 1]) expect(await told(slot, target)).toBe(`br 2 ${text}`)
    expect(scene.sum('n_brotli') - before).toBe(2)
  })
}

test('of many at once one is made at a time, and none is wrong', async () => {
  scene.begin((request, response) => {
    response.setHeader('Cache-Control', 'max-age=60').setHeader('Content-Type', 'text/plain')
    response.end(`${request.url} ${'text '.repeat(2000)}`)
  })
  const before = scene.sum('n_brotli')
  const targets = Array.from({ length: 20 }, (_, i) => `/many/${i}`)
  await patience.asking('br of all', async () => {
    let br = 0
    for (const target of targets) {
      for (const slot of [0, 1]) {
        const text = await told(slot, target)
        if (text.startsWith('br ')) br++
        expect(text.replace(/^br /, '')).toBe(`${target} ${'text '.repeat(2000)}`)
      }
    }
    return br === 40
  })
  await until('all are counted', () => scene.sum('n_brotli') - before === 20)
})
