import { readFileSync } from 'node:fs'
import { describe, expect } from 'vitest'
import { startCache } from '../../kit/cache.ts'
import { vtc } from '../../kit/vtc.ts'

/** Rules in the style of those that are in public for shops and blogs, with their habits: test/vcl/public. They run as they stand. */
function rules(name: string, ports: readonly number[]): string {
  const text = readFileSync(new URL(`../../vcl/public/${name}.vcl`, import.meta.url), 'latin1')
  let i = 0
  return text.replace(/\.port = "[0-9]+"/g, () => `.port = "${ports[i++]}"`)
}

describe('in the style of WordPress templates, VCL 4.0', () => {
  vtc('cookies are filtered, responses stored and their Set-Cookie replaced', async (t) => {
    const s1 = await t.origin('s1', async (s) => {
      await s.rx({ start: 'GET /?a=1&b=2 HTTP/1.1', fields: { Cookie: 'PHPSESSID=7;' } })
      s.answer('one', 'Set-Cookie: junk=1', 'Set-Cookie: PHPSESSID=8', 'X-Powered-By: x')
      await s.rx({ start: 'GET /a.css HTTP/1.1', fields: { Cookie: undefined } })
      s.answer('css')
    })
    const vcl = rules('wordpress', [s1.port])
    const v1 = t.cache(await startCache({ vcl, params: { policy: 'varnish' } }))
    const c1 = await t.connect('c1', v1)
    c1.request('GET', '/?b=2&utm_source=x&a=1', 'Cookie: has_js=1; __utma=1; PHPSESSID=7; other=2')
    const page = await c1.rx({ body: 'one', fields: { 'X-Cache': 'MISS', 'X-Powered-By': undefined } })
    expect(page.field('set-cookie')).toBe('PHPSESSID=8, seen=1; path=/')
    await c1.ask('/a.css', { body: 'css' }, 'Cookie: PHPSESSID=7')
    await c1.ask('/a.css', { body: 'css', fields: { 'X-Cache': 'HIT', 'X-Cache-Hits': '1' } })
    c1.request('PURGE', '/a.css')
    await c1.rx({ status: 200 })
  })
})

describe('in the style of shop templates, VCL 4.0', () => {
  vtc('pages by a shard director, tags banned, limits kept', async (t) => {
    const serve = (name: string) =>
      t.origin(name, (s) =>
        s.forever(async () => {
          await s.rx()
          s.answer(name, 'Cache-Control: max-age=100', 'X-Magento-Tags: cat_1,prod_2')
        }),
      )
    const [s1, s2] = [await serve('s1'), await serve('s2')]
    const vcl = rules('shop', [s1.port, s2.port])
    const v1 = t.cache(await startCache({ vcl, params: { policy: 'varnish' } }))
    const c1 = await t.connect('c1', v1)
    for (let i = 0; i < 2; i++) await c1.ask('/page?gclid=1', { status: 200, fields: { 'X-Magento-Tags': undefined } })
    expect(v1.counters().cache_hit).toBe(1)
    c1.request('PURGE', '/')
    await c1.rx({ status: 400 })
    c1.request('PURGE', '/', 'X-Magento-Tags-Pattern: (^|,)prod_2(,|$)')
    await c1.rx({ status: 200 })
    await c1.ask('/page', { status: 200 })
    expect(v1.counters().cache_hit).toBe(1)
    for (let i = 0; i < 97; i++) await c1.ask('/page', { status: 200 })
    await c1.ask('/page', { status: 429 })
    expect(v1.log().some(({ tag, text }) => tag === 'VCL_Log' && /^b m[12] deadbeef$/.test(text))).toBe(true)
  })
})
