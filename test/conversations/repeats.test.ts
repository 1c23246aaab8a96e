import { describe } from 'vitest'
import { startCache } from '../kit/cache.ts'
import { vtc } from '../kit/vtc.ts'
import { named } from './origins.ts'

/** What a client repeats is remembered (src/http/known-blocks.ts); what rules make of it, and what is different, must count all the same. */
describe('requests that repeat their field lines', () => {
  vtc('are told apart by their targets', async (t) => {
    const v1 = t.cache(await startCache(await named(t)))
    const c1 = await t.connect('c1', v1)
    for (const target of ['/a', '/a', '/a', '/b', '/a', '/c?', '/c', '/a', '/b']) await c1.ask(target, { body: `example.com ${target}` })
  })

  vtc('are told apart by what rules make of them', async (t) => {
    const vcl = `sub vcl_recv {
      set req.url = regsub(req.url, "^/old", "/new");
      if (req.url ~ "^/b") { set req.http.Host = "b.example"; }
      if (req.url == "/none") { unset req.http.Host; set req.http.Host = "none.example"; }
    }`
    const v1 = t.cache(await startCache({ origin: await named(t), vcl }))
    const c1 = await t.connect('c1', v1)
    const answers: readonly [string, string][] = [
      ['/a', 'example.com /a'],
      ['/old', 'example.com /new'],
      ['/new', 'example.com /new'],
      ['/b', 'b.example /b'],
      ['/none', 'none.example /none'],
    ]
    for (let round = 0; round < 4; round++) {
      for (const [target, body] of answers) for (let i = 0; i < 3; i++) await c1.ask(target, { body })
    }
  })

  vtc('are told apart by a single byte of them', async (t) => {
    const vcl = 'sub vcl_hash { hash_data(req.http.Cookie); } sub vcl_backend_fetch { set bereq.http.Host = bereq.http.Cookie; }'
    const v1 = t.cache(await startCache({ origin: await named(t), vcl }))
    const c1 = await t.connect('c1', v1)
    for (let round = 0; round < 4; round++) {
      for (const user of ['user=1', 'user=2', 'user=1', 'usfr=1']) await c1.ask('/', { body: `${user} /` }, `Cookie: ${user}`)
    }
  })
})
