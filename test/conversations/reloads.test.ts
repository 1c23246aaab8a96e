import { readFileSync } from 'node:fs'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect } from 'vitest'
import { compileVcl } from '../../src/vcl/load.ts'
import type { LoadedVcl } from '../../src/vcl/runtime/context.ts'
import { startCache } from '../kit/cache.ts'
import { vtc } from '../kit/vtc.ts'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

const SHOP = readFileSync(new URL('../../vcl-examples/shop-cart.vcl', import.meta.url), 'latin1')
const RELOADS = 300

vtc('hundreds of reloads under traffic leave nothing behind: of all rules only those in use are still there', async (t) => {
  const s1 = await t.origin('s1', async (s) => {
    for (let i = 0; i < RELOADS; i++) {
      const request = await s.rx()
      request.answer('page', 'Cache-Control: max-age=60')
    }
  })
  const v1 = t.cache(await startCache({ origin: s1 }))
  const { rules } = v1
  const text = SHOP.replace(/\.port = "\d+"/, `.port = "${s1.port}"`)
  const ended: number[] = []
  rules.onOver = (id) => void ended.push(id)
  const loaded: WeakRef<LoadedVcl>[] = []

  function reload(id: number): void {
    const compiled = compileVcl(text, { path: 'shop.vcl', policy: 'rfc9111', vcl_path: [] })
    if (!compiled.ok) throw new Error(compiled.text)
    rules.obey({ does: 'load', set: { id, name: `v${id}`, image: compiled.program.image, counters: [] } })
    rules.obey({ does: 'use', id })
    rules.obey({ does: 'discard', id: id - 1 })
    loaded.push(new WeakRef(rules.active))
  }

  const c = await t.connect('c1', v1)
  for (let i = 0; i < RELOADS; i++) {
    reload(i + 2)
    // Each is a miss, then a hit.
    for (let n = 0; n < 2; n++) {
      c.tx(`GET /${i} HTTP/1.1`, 'Host: a')
      await c.rx({ start: 'HTTP/1.1 200 OK', body: 'page' })
    }
  }
  expect(ended).toEqual(Array.from({ length: RELOADS }, (_, i) => i + 1))
  expect(rules.obey({ does: 'count' })).toEqual([[RELOADS + 1, 0]])
  await t.until('all old ones are collected', () => {
    collect()
    return loaded.filter((one) => one.deref() !== undefined).length <= 1
  })
})
