import { gunzipSync, gzipSync } from 'node:zlib'
import { describe, expect } from 'vitest'
import { startCache } from '../kit/cache.ts'
import type { Conversation } from '../kit/conversation.ts'
import type { Client } from '../kit/client.ts'
import type { Exchange, TestOrigin } from '../kit/origin.ts'
import { vtc } from '../kit/vtc.ts'

/** Pages that are stored as gzip: what they include is joined to them, whatever it comes as. */
const RULES = `sub vcl_backend_response {
  set beresp.do_esi = bereq.url ~ "^/page";
  set beresp.do_gzip = bereq.url ~ "zip";
}`
const KEPT = 'Cache-Control: max-age=100'
const GZIP = 'Accept-Encoding: gzip'
const PACKED = 'Content-Encoding: gzip'
const POLICIES = ['rfc9111', 'varnish'] as const

const OPTIONS: object = { info: true }

type Answer = readonly [body: string, ...lines: string[]]

function packed(text: string): string {
  return gzipSync(text).toString('latin1')
}

/** The client's view of a body that is one gzip member and nothing else. */
function plain(body: string): string {
  const bytes = Buffer.from(body, 'latin1')
  const { buffer, engine } = gunzipSync(bytes, OPTIONS) as unknown as { buffer: Buffer; engine: { bytesWritten: number } }
  expect(engine.bytesWritten).toBe(bytes.length)
  return buffer.toString('latin1')
}

function site(t: Conversation, answers: Readonly<Record<string, Answer>>, heard: string[] = []): Promise<TestOrigin> {
  return served(t, (asked, url) => {
    heard.push(`${url} ${asked.request.field('accept-encoding') ?? 'none'}`)
    const [body, ...lines] = answers[url] ?? ['nothing']
    asked.answer(body, ...(lines.length > 0 ? lines : [KEPT]))
  })
}

function served(t: Conversation, serve: (asked: Exchange, url: string) => void): Promise<TestOrigin> {
  return t.origin('s1', (s) =>
    s.forever(async () => {
      const asked = await s.rx()
      serve(asked, asked.request.start.split(' ')[1])
    }),
  )
}

/** Both forms of it, whichever is asked for first. */
async function bothForms(c1: Client, url: string, text: string): Promise<void> {
  const fields = { Vary: 'Accept-Encoding', 'Content-Encoding': 'gzip', 'Content-Length': undefined, 'Accept-Ranges': undefined }
  const { body } = await c1.ask(url, { status: 200, fields }, GZIP)
  expect(plain(body)).toBe(text)
  await c1.ask(url, { status: 200, body: text, fields: { ...fields, 'Content-Encoding': undefined } })
}

const MIXED = '<p>before <esi:include src="/plain"/> between <esi:include src="/packed"/><esi:include src="/zip"/> behind</p>'
const PARTS: Readonly<Record<string, Answer>> = {
  '/plain': ['PLAIN '.repeat(20)],
  '/packed': [packed('PACKED '.repeat(30)), KEPT, PACKED],
  '/zip': ['ZIPPED '.repeat(40)],
}
const MADE = `<p>before ${'PLAIN '.repeat(20)} between ${'PACKED '.repeat(30)}${'ZIPPED '.repeat(40)} behind</p>`

for (const policy of POLICIES) {
  describe(`policy=${policy}`, () => {
    for (const [what, answer] of [
      ['comes as gzip', [packed(MIXED), KEPT, PACKED, 'ETag: "v1"']],
      ['is to be gzip', [MIXED, KEPT, 'ETag: "v1"']],
    ] as const) {
      const url = what === 'is to be gzip' ? '/page-zip' : '/page'
      vtc(`a page that ${what} is gzip to who takes it`, async (t) => {
        const heard: string[] = []
        const s1 = await site(t, { ...PARTS, [url]: answer }, heard)
        const v1 = t.cache(await startCache({ origin: s1, vcl: RULES, params: { policy } }))
        const c1 = await t.connect('c1', v1)
        for (let i = 0; i < 3; i++) await bothForms(c1, url, MADE)
        await c1.ask(url, { fields: { ETag: 'W/"v1"' } }, GZIP)
        // What is wanted plain is another variant to an origin that may answer otherwise.
        expect(heard.filter((one) => one.startsWith(url))).toHaveLength(1)
        expect(heard.filter((one) => one.endsWith(' gzip')).length).toBeGreaterThanOrEqual(3)
        const lists = v1.log().filter(({ tag }) => tag === 'Filters')
        expect(new Set(lists.map(({ text }) => text.trim()))).toContain('esi gunzip')
      })
    }

    vtc('pages in pages, gzip and not, one in the other', async (t) => {
      const s1 = await site(t, {
        ...PARTS,
        '/page-zip/top': ['<a><esi:include src="/page-zip/inner"/>|<esi:include src="/page/inner"/></a>'],
        '/page/top': ['<a><esi:include src="/page-zip/inner"/>|<esi:include src="/page/inner"/></a>'],
        '/page-zip/inner': ['<b><esi:include src="/packed"/><esi:include src="/plain"/></b>'],
        '/page/inner': ['<c><esi:include src="/packed"/><esi:include src="/page-zip/innermost"/></c>'],
        '/page-zip/innermost': ['<d><esi:remove>x</esi:remove></d>'],
      })
      const [PLAIN, INNER] = ['PLAIN '.repeat(20), 'PACKED '.repeat(30)]
      const text = `<a><b>${INNER}${PLAIN}</b>|<c>${INNER}<d></d></c></a>`
      const v1 = t.cache(await startCache({ origin: s1, vcl: RULES, params: { policy } }))
      const c1 = await t.connect('c1', v1)
      for (let i = 0; i < 2; i++) await bothForms(c1, '/page-zip/top', text)
      await c1.ask('/page/top', { body: text, fields: { 'Content-Encoding': undefined } }, GZIP)
      await c1.ask('/page/top', { body: text })
    })

    vtc('a fragment that rules leave without a body is nothing, and not what it was before', async (t) => {
      const s1 = await site(t, { ...PARTS, '/page-zip': ['<p><esi:include src="/packed"/></p>'] })
      const vcl = `${RULES} sub vcl_deliver { if (req.esi_level > 0 && req.http.X-Deny) { set resp.status = 204; } }`
      const v1 = t.cache(await startCache({ origin: s1, vcl, params: { policy } }))
      const c1 = await t.connect('c1', v1)
      for (const denied of [false, true, false, true]) {
        const { body } = await c1.ask('/page-zip', { status: 200 }, GZIP, ...(denied ? ['X-Deny: yes'] : []))
        expect(plain(body)).toBe(denied ? '<p></p>' : `<p>${'PACKED '.repeat(30)}</p>`)
      }
    })

    vtc('a page of nothing, and fragments of nothing', async (t) => {
      const s1 = await site(t, {
        '/page-zip': ['<esi:include src="/none"/><esi:include src="/packed"/><esi:include src="/no-content"/>'],
        '/none': [''],
        '/packed': [packed(''), KEPT, PACKED],
      })
      const vcl = `${RULES} sub vcl_recv { if (req.url == "/no-content") { return (synth(204)); } }`
      const v1 = t.cache(await startCache({ origin: s1, vcl, params: { policy } }))
      const c1 = await t.connect('c1', v1)
      for (let i = 0; i < 2; i++) await bothForms(c1, '/page-zip', '')
    })

    vtc('the page as it came, tags and all', async (t) => {
      const s1 = await site(t, { ...PARTS, '/page-zip': [MIXED] })
      const vcl = `${RULES} sub vcl_deliver { set resp.do_esi = false; }`
      const v1 = t.cache(await startCache({ origin: s1, vcl, params: { policy } }))
      const c1 = await t.connect('c1', v1)
      for (let i = 0; i < 2; i++) await bothForms(c1, '/page-zip', MIXED)
    })

    vtc('HEAD, HTTP/1.0 and conditions', async (t) => {
      const s1 = await site(t, { ...PARTS, '/page-zip': [MIXED, KEPT, 'ETag: "v1"'] })
      const v1 = t.cache(await startCache({ origin: s1, vcl: RULES, params: { policy } }))
      const c1 = await t.connect('c1', v1)
      await bothForms(c1, '/page-zip', MADE)
      c1.request('HEAD', '/page-zip', GZIP)
      await c1.rxForHead({ status: 200, fields: { 'Content-Encoding': 'gzip', 'Content-Length': undefined } })
      await c1.ask('/page-zip', { status: 304, fields: { ETag: 'W/"v1"' } }, GZIP, 'If-None-Match: W/"v1"')
      await c1.ask('/page-zip', { status: 304, fields: { ETag: 'W/"v1"', 'Content-Encoding': undefined } }, 'If-None-Match: W/"v1"')
      await c1.ask('/page-zip', { status: 200 }, GZIP, 'Range: bytes=0-1')
      c1.raw('GET /page-zip HTTP/1.0\r\nAccept-Encoding: gzip\r\n\r\n')
      const { body } = await c1.rx({ status: 200, fields: { 'Transfer-Encoding': undefined, 'Content-Encoding': 'gzip' } })
      expect(plain(body)).toBe(MADE)
    })

    vtc('a large page of large fragments', async (t) => {
      const large = Array.from({ length: 60_000 }, (_, i) => `line ${Math.imul(i, 2654435761) >>> 0}`).join('\n')
      const s1 = await site(t, {
        '/page-zip': [`<p>${large}<esi:include src="/packed"/>${large}<esi:include src="/plain"/></p>`],
        '/packed': [packed(large), KEPT, PACKED],
        '/plain': [large],
      })
      const v1 = t.cache(await startCache({ origin: s1, vcl: RULES, params: { policy } }))
      const c1 = await t.connect('c1', v1)
      for (let i = 0; i < 3; i++) await bothForms(c1, '/page-zip', `<p>${large}${large}${large}${large}</p>`)
    })
  })
}

describe('a fragment of gzip that breaks', () => {
  const LINES = 'x'.repeat(50) + '\n'
  const noise = Array.from({ length: 40_000 }, (_, i) => String(Math.imul(i, 2654435761) >>> 0)).join('')
  const PAGE: Answer = ['<p><esi:include src="/broken"/>behind</p>']

  /** `sent` of that gzip, then nothing more; or all of it, and it is not what it claims. */
  function breaking(t: Conversation, whole: Buffer, sent_bytes: number, go: () => boolean): Promise<TestOrigin> {
    return served(t, (asked, url) => {
      if (url !== '/broken') return asked.answer(...PAGE, KEPT)
      asked.tx('HTTP/1.1 200 OK', KEPT, PACKED, `Content-Length: ${whole.length}`)
      asked.txbody(whole.subarray(0, sent_bytes))
      void t.until('it may break', go).then(() => asked.close())
    })
  }

  vtc('while it is small leaves nothing in the page', async (t) => {
    const whole = gzipSync(LINES.repeat(100))
    let seen = false
    const s1 = await breaking(t, whole, whole.length - 9, () => seen)
    const v1 = t.cache(await startCache({ origin: s1, vcl: RULES }))
    const c1 = await t.connect('c1', v1)
    c1.get('/page-zip', GZIP)
    await t.until('it is on its way', () => v1.counters().fetch_length === 2)
    seen = true
    expect(plain((await c1.rx({ status: 200 })).body)).toBe('<p>behind</p>')
  })

  vtc('when much of it has left breaks the page', async (t) => {
    const whole = gzipSync(noise)
    let seen = false
    const s1 = await breaking(t, whole, whole.length - 9, () => seen)
    const v1 = t.cache(await startCache({ origin: s1, vcl: RULES }))
    const c1 = await t.connect('c1', v1)
    c1.get('/page-zip', GZIP)
    const broken = c1.rxBroken({ status: 200 })
    await t.until('it is on its way', () => v1.counters().fetch_length === 2)
    seen = true
    await broken
  })

  vtc('is left out of a page in a page, which goes on', async (t) => {
    const whole = gzipSync(LINES.repeat(100))
    const s1 = await served(t, (asked, url) => {
      if (url === '/page-zip') return asked.answer('<a><esi:include src="/page-zip/inner"/></a>', KEPT)
      if (url === '/page-zip/inner') return asked.answer(...PAGE, KEPT)
      asked.answer(whole.subarray(0, -3).toString('latin1'), KEPT, PACKED)
    })
    const v1 = t.cache(await startCache({ origin: s1, vcl: RULES }))
    const c1 = await t.connect('c1', v1)
    expect(plain((await c1.ask('/page-zip', { status: 200 }, GZIP)).body)).toBe('<a><p>behind</p></a>')
  })

  vtc('that nobody has checked is bytes like any others', async (t) => {
    const vcl = `${RULES} sub vcl_backend_response { if (bereq.url == "/broken") { set beresp.http.X-Raw = "1"; set beresp.filters = ""; } }`
    const s1 = await served(t, (asked, url) => {
      if (url !== '/broken') return asked.answer(...PAGE, KEPT)
      asked.answer('raw', KEPT, PACKED)
    })
    const v1 = t.cache(await startCache({ origin: s1, vcl }))
    const c1 = await t.connect('c1', v1)
    expect(plain((await c1.ask('/page-zip', { status: 200 }, GZIP)).body)).toBe('<p>rawbehind</p>')
  })
})
