import { afterEach, describe, expect, vi } from 'vitest'
import { Templates } from '../../../src/log/templates.ts'
import { LogWriter } from '../../../src/log/writer.ts'
import type { Client } from '../../kit/client.ts'
import type { Conversation } from '../../kit/conversation.ts'
import { vtc } from '../../kit/vtc.ts'
import { answering, DATE, told } from './told.ts'

/** Hits of every kind, asked for again and again: what the log says is what it says where each is told in full. */

afterEach(() => vi.restoreAllMocks())

interface Kind {
  readonly title: string
  /** One round. */
  readonly ask: (c1: Client, round: number) => Promise<unknown>
  /** Do the later ones come by templates? */
  readonly templates: boolean
  readonly vcl?: string
  readonly params?: Record<string, string>
  readonly gzip?: boolean
}

const ROUNDS = 16
const SHOP = `
  import std;
  sub vcl_recv { unset req.http.Cookie; set req.http.X-Device = "phone"; std.log("seen"); return (hash); }
  sub vcl_hit { std.log("hit"); }
  sub vcl_deliver { unset resp.http.ETag; set resp.http.X-Cache = "HIT"; std.timestamp("Rules"); }`
const NEVER_THE_SAME = 'sub vcl_deliver { set resp.http.X-Id = req.xid; }'
const AGAIN = `
  sub vcl_recv { if (req.restarts == 0) { return (restart); } }
  sub vcl_deliver { set resp.http.Times = req.restarts; }`

const get = (c1: Client): Promise<unknown> => c1.ask('/a', { status: 200, body: 'hello, hello' })

async function head(c1: Client): Promise<void> {
  c1.request('HEAD', '/a')
  await c1.rxForHead({ status: 200 })
}

async function old(c1: Client): Promise<void> {
  c1.tx('GET /a HTTP/1.0', 'Host: example.com', 'Connection: keep-alive')
  await c1.rx({ status: 200 })
}

const KINDS: readonly Kind[] = [
  { title: 'GET', ask: get, templates: true },
  { title: 'GET of two pages', ask: async (c1) => [await get(c1), await c1.ask('/b', { status: 200 })], templates: true },
  { title: 'HEAD', ask: head, templates: true },
  { title: 'HEAD behind GET', ask: async (c1, round) => (round < 8 ? get(c1) : head(c1)), templates: true },
  { title: 'a validator', ask: (c1) => c1.ask('/a', { status: 304 }, 'If-None-Match: "a"'), templates: true },
  { title: 'a validator that does not match', ask: (c1) => c1.ask('/a', { status: 200 }, 'If-None-Match: "b"'), templates: true },
  { title: 'a range', ask: (c1) => c1.ask('/a', { status: 206 }, 'Range: bytes=1-2'), templates: true },
  { title: 'HTTP/1.0', ask: old, templates: true },
  { title: 'several lines of Cookie', ask: (c1) => c1.ask('/a', {}, 'Cookie: a=b', 'Cookie: c=d'), templates: true },
  { title: 'an address that others have noted', ask: (c1) => c1.ask('/a', {}, 'X-Forwarded-For: 192.0.2.1'), templates: false },
  { title: 'a shop’s rules', ask: (c1) => c1.ask('/a', {}, 'Cookie: a=b'), vcl: SHOP, templates: true },
  { title: 'rules that say something else each time', ask: get, vcl: NEVER_THE_SAME, templates: false },
  { title: 'restarts', ask: get, vcl: AGAIN, templates: false },
  { title: 'masked tags', ask: get, params: { vsl_mask: 'default,-RespHeader,-Hit' }, templates: true },
  { title: 'masked tags that a preamble has', ask: get, params: { vsl_mask: 'default,-Begin' }, templates: false },
  { title: 'what is masked by default', ask: get, params: { vsl_mask: 'default,+VdpAcct,+Hash' }, templates: false },
  { title: 'short records', ask: get, params: { vsl_reclen: '70' }, templates: true },
  { title: 'small batches', ask: get, params: { vsl_buffer: '1k', vsl_reclen: '64' }, templates: false },
  { title: 'the other format', ask: get, params: { vsl_version: '2' }, templates: true },
  { title: 'Cache-Status with the key', ask: get, params: { cache_status: 'key' }, templates: true },
  { title: 'no Cache-Status', ask: get, params: { cache_status: 'off' }, templates: true },
  { title: 'gzip for who takes it', ask: (c1) => c1.ask('/a', {}, 'Accept-Encoding: gzip'), gzip: true, templates: true },
  { title: 'gzip for who does not', ask: (c1) => c1.ask('/a', {}), gzip: true, templates: true },
]

async function rounds({ ask }: Kind, c1: Client): Promise<void> {
  for (let round = 0; round < ROUNDS; round++) await ask(c1, round)
}

/** With a template wherever there is one, or without. */
async function toldBy(t: Conversation, kind: Kind, templates: boolean): Promise<{ said: string[][]; written: number }> {
  const origin = await answering(t, (request) => request.answer('hello, hello', 'Cache-Control: max-age=1000', 'ETag: "a"', DATE))
  const asked = vi.spyOn(Templates.prototype, 'ask')
  if (!templates) asked.mockReturnValue(false)
  const written = vi.spyOn(LogWriter.prototype, 'writeTwo')
  const vcl = (kind.gzip === true ? 'sub vcl_backend_response { set beresp.do_gzip = true; }' : '') + (kind.vcl ?? '')
  const all = await told(t, { origin, vcl, params: kind.params ?? {} }, (c1) => rounds(kind, c1))
  const count = written.mock.calls.length
  vi.restoreAllMocks()
  return { said: all.map((lines) => lines.map(withoutTimes)), written: count }
}

function withoutTimes(line: string): string {
  return line.replaceAll(/\d+\.\d{6}/g, 'N').replace(/(Age: |ttl=)\d+$/, '$1N')
}

describe('the log says the same with templates and without', () => {
  for (const kind of KINDS) {
    vtc(kind.title, async (t) => {
      const without = await toldBy(t, kind, false)
      const having = await toldBy(t, kind, true)
      expect(having.said).toEqual(without.said)
      expect(without.written).toBe(0)
      expect(having.written > 2).toBe(kind.templates)
    })
  }
})
