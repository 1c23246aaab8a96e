import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { userInfo, tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { startCache } from '../kit/cache.ts'
import type { Conversation } from '../kit/conversation.ts'
import { vtc } from '../kit/vtc.ts'

const WHO = `import unix;
  sub vcl_recv { return (synth(200)); }
  sub vcl_synth { set resp.http.Who = unix.user() + " " + unix.uid() + " " + unix.gid(); return (deliver); }`

describe('the socket of the client', () => {
  for (const read_path of ['auto', 'events']) {
    vtc(`tcp knows it (read_path ${read_path})`, async (t) => {
      const vcl = `import std; import tcp;
        sub vcl_recv { std.set_ip_tos(16); set req.http.fast = tcp.get_estimated_rtt() > 0.0; return (synth(200)); }
        sub vcl_synth { set resp.http.fast = req.http.fast; return (deliver); }`
      const v1 = t.cache(await startCache({ vcl, params: { read_path } }))
      const c1 = await t.connect('c1', v1)
      await c1.ask('/', { status: 200, fields: { fast: 'true' } })
      expect(v1.log().filter(({ tag }) => tag === 'VCL_Error')).toEqual([])
    })
  }

  vtc('unix says who is at the other end', async (t) => {
    const { username, uid, gid } = userInfo()
    expect(await asked(t, WHO)).toContain(`\r\nWho: ${username} ${uid} ${gid}\r\n`)
  })

  vtc('unix fails where the listener is none', async (t) => {
    const v1 = t.cache(await startCache({ vcl: WHO.replace('sub vcl_recv {', 'sub vcl_recv { if (unix.uid() == 0) { }') }))
    const c1 = await t.connect('c1', v1)
    await c1.ask('/', { status: 503 })
    expect(v1.log().find(({ tag }) => tag === 'VCL_Error')?.text).toMatch(/unix.uid\(\): the listener is no unix socket/)
  })
})

/** The answer to one request over a unix socket. */
async function asked(t: Conversation, vcl: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'lacquer-sockets-'))
  t.cache({ close: () => rmSync(folder, { recursive: true }) })
  t.cache(await startCache({ vcl, listen: join(folder, 's') }))
  const socket = connect(join(folder, 's'))
  socket.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
  let answer = ''
  for await (const chunk of socket) answer += String(chunk)
  return answer
}
