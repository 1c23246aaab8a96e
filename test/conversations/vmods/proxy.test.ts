import { describe } from 'vitest'
import { startCache } from '../../kit/cache.ts'
import { vtc } from '../../kit/vtc.ts'
import { numbered } from '../origins.ts'

/** PROXY version 2, TCP over IPv4, with ALPN h2 and TLS 1.3 without a certificate. */
const HEADER = Buffer.from(
  '0d0a0d0a000d0a515549540a' +
    '21110023' +
    'c0000209c00002011f9001bb' +
    '0100026832' +
    '20000f' +
    '0100000000' +
    '210007' +
    '544c5376312e33',
  'hex',
)

describe('proxy', () => {
  vtc('what a TLS terminator says of its connection is there for rules', async (t) => {
    const vcl = `
      import proxy;
      sub vcl_recv {
        if (!proxy.is_ssl()) { return (synth(301, "https please")); }
        set req.http.X-TLS = client.ip + " " + proxy.ssl_version() + " " + proxy.alpn() + " " + proxy.authority();
        return (pass);
      }
      sub vcl_deliver { set resp.http.X-TLS = req.http.X-TLS; }`
    const v1 = t.cache(await startCache({ origin: await numbered(t), vcl, listen: '127.0.0.1:0,PROXY' }))
    const c1 = await t.connect('c1', v1)
    c1.raw(HEADER)
    await c1.ask('/', { body: '1', fields: { 'X-TLS': '192.0.2.9 TLSv1.3 h2' } })
    const c2 = await t.connect('c2', v1)
    c2.raw('PROXY TCP4 192.0.2.9 192.0.2.1 8080 80\r\n')
    await c2.ask('/', { status: 301 })
  })
})
