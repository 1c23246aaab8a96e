import { describe } from 'vitest'
import { startCache } from '../../kit/cache.ts'
import { expectLog } from '../../kit/log-expect.ts'
import { vtc } from '../../kit/vtc.ts'
import { answering, cacheable } from './told.ts'

describe('a field line for which there is no room', () => {
  vtc('is told before the rules fail', async (t) => {
    const vcl = `import std; import header;
      sub vcl_recv { if (req.url == "/long") { set req.http.A = "${'0123456789'.repeat(20)}"; ${'set req.http.A = req.http.A + req.http.A;'.repeat(10)} } }
      sub vcl_deliver { if (req.url == "/many") { ${'header.copy(resp.http.B, resp.http.C); header.copy(resp.http.C, resp.http.B);'.repeat(12)} } }`
    const s1 = await answering(t, (request) => request.answer('x', 'B: 1', 'C: 2'))
    const v1 = t.cache(await startCache({ origin: s1, vcl }))
    for (const url of ['/long', '/many']) {
      const c1 = await t.connect(`c${url}`, v1)
      await c1.ask(url, { status: 503 })
    }
    await expectLog(v1, { query: 'ReqURL eq "/long"' }, ['*', '*', 'LostHeader', /^A: 0123/], [0, '=', 'VCL_Error', /^A: value too long/])
    await expectLog(v1, { query: 'ReqURL eq "/many"' }, ['*', '*', 'LostHeader', /^[BC]: [12]$/], [0, '=', 'VCL_Error', /more than 1024/])
  })

  vtc('is not told of those that have it', async (t) => {
    const v1 = t.cache(await startCache({ origin: await answering(t, cacheable), vcl: 'sub vcl_recv { set req.http.A = "b"; }' }))
    const c1 = await t.connect('c1', v1)
    await c1.ask('/', { status: 200 })
    await expectLog(v1, { query: 'not LostHeader and ReqURL' }, ['*', '*', 'ReqHeader', 'A: b'])
  })
})
