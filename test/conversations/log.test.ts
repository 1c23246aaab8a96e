import { describe, expect, test } from 'vitest'
import { startCache, type TestCache, type TestCacheOptions } from '../kit/cache.ts'
import type { Client } from '../kit/client.ts'
import { Conversation } from '../kit/conversation.ts'
import type { Message } from '../kit/message.ts'
import type { Exchange } from '../kit/origin.ts'
import { vtc } from '../kit/vtc.ts'

/**
 * What the log says of a conversation. Tags and their order are those that varnishd 7.1 writes for the same conversation
 * (`varnishlog -g request`), down to the fields that are Varnish's own (X-Varnish, Accept-Ranges) or ours (Cache-Status).
 */

/** Transactions that have ended but for sessions, oldest first, as "kind id: Tag text" lines; times and ports left out. */
function transactions(v1: TestCache): string[][] {
  const known = new Map<number, string[]>()
  for (const { tag, xid, text } of v1.log()) {
    const lines = known.get(xid) ?? []
    lines.push(line(tag, text))
    known.set(xid, lines)
  }
  return [...known].toSorted(([a], [b]) => a - b).map(([, lines]) => lines)
}

function line(tag: string, text: string): string {
  if (tag === 'Timestamp') return `Timestamp ${text.split(':')[0]}`
  const visible = text.replaceAll('\r\n', '|').replaceAll(/127\.0\.0\.1[ :]\d+/g, '127.0.0.1 PORT')
  return `${tag} ${visible}`.trimEnd()
}

async function told(t: Conversation, options: TestCacheOptions, script: (c1: Client, v1: TestCache) => Promise<void>): Promise<string[][]> {
  const v1 = t.cache(await startCache(options))
  const c1 = await t.connect('c1', v1)
  await script(c1, v1)
  c1.close()
  await t.until('every transaction has ended', () => {
    const all = transactions(v1)
    return all.length > 0 && all.every((lines) => lines.at(-1) === 'End')
  })
  return transactions(v1)
}

/** An origin that answers everything in the same way. */
function answering(t: Conversation, answer: (request: Exchange) => void) {
  return t.origin('s1', (s) => s.forever(async () => answer(await s.rx())))
}

function lines(text: string): string[] {
  return text
    .trim()
    .split('\n')
    .map((one) => one.trim())
}

const DATE = 'Date: Thu, 01 Jan 2026 00:00:00 GMT'
const cacheable = (request: Exchange) => request.answer('hello', 'Cache-Control: max-age=10', DATE)
const uncacheable = (request: Exchange) => request.answer('mine', 'Cache-Control: private', DATE)

interface Scenario {
  readonly title: string
  readonly answer: (request: Exchange) => void
  readonly vcl?: string
  readonly say: (c1: Client, v1: TestCache, t: Conversation) => Promise<void>
  /** By the order of their ids: what each transaction of the last request says from its first sub on. */
  readonly told: readonly string[]
}

const SCENARIOS: readonly Scenario[] = [
  {
    title: 'a hit',
    answer: cacheable,
    say: async (c1) => {
      await c1.ask('/', { status: 200 })
      await c1.ask('/', { status: 200 })
    },
    told: [
      `Begin req 1 rxreq
       VCL_call RECV
       VCL_return hash
       VCL_call HASH
       VCL_return lookup
       Hit 3 10.000000 0.000000 10.000000
       VCL_call HIT
       VCL_return deliver
       RespProtocol HTTP/1.1
       RespStatus 200
       RespReason OK
       RespHeader Cache-Control: max-age=10
       RespHeader Date: Thu, 01 Jan 2026 00:00:00 GMT
       RespHeader Content-Length: 5
       RespHeader Age: 0
       RespHeader Via: 1.1 lacquer (Lacquer)
       RespHeader Cache-Status: lacquer; hit
       VCL_call DELIVER
       VCL_return deliver
       Timestamp Process
       Filters
       Timestamp Resp
       ReqAcct 37 0 37 166 5 171
       End`,
    ],
  },
  {
    title: 'a part of a stored response',
    answer: cacheable,
    say: async (c1) => {
      await c1.ask('/', { status: 200 })
      await c1.ask('/', { status: 206 }, 'Range: bytes=0-1')
    },
    told: [
      `Begin req 1 rxreq
       VCL_call RECV
       VCL_return hash
       VCL_call HASH
       VCL_return lookup
       Hit 3 10.000000 0.000000 10.000000
       VCL_call HIT
       VCL_return deliver
       RespProtocol HTTP/1.1
       RespStatus 200
       RespReason OK
       RespHeader Cache-Control: max-age=10
       RespHeader Date: Thu, 01 Jan 2026 00:00:00 GMT
       RespHeader Content-Length: 5
       RespHeader Age: 0
       RespHeader Via: 1.1 lacquer (Lacquer)
       RespHeader Cache-Status: lacquer; hit
       VCL_call DELIVER
       VCL_return deliver
       Timestamp Process
       Filters  range
       RespHeader Content-Range: bytes 0-1/5
       RespProtocol HTTP/1.1
       RespStatus 206
       RespReason Partial Content
       RespUnset Content-Length: 5
       RespHeader Content-Length: 2
       Timestamp Resp
       ReqAcct 55 0 55 207 2 209
       End`,
    ],
  },
  {
    title: 'a client that has it already',
    answer: (request) => request.answer('hello', 'Cache-Control: max-age=10', 'ETag: "1"', DATE),
    say: async (c1) => {
      await c1.ask('/', { status: 200 })
      await c1.ask('/', { status: 304 }, 'If-None-Match: "1"')
    },
    told: [
      `Begin req 1 rxreq
       VCL_call RECV
       VCL_return hash
       VCL_call HASH
       VCL_return lookup
       Hit 3 10.000000 0.000000 31536000.000000
       VCL_call HIT
       VCL_return deliver
       RespProtocol HTTP/1.1
       RespStatus 200
       RespReason OK
       RespHeader Cache-Control: max-age=10
       RespHeader ETag: "1"
       RespHeader Date: Thu, 01 Jan 2026 00:00:00 GMT
       RespHeader Content-Length: 5
       RespHeader Age: 0
       RespHeader Via: 1.1 lacquer (Lacquer)
       RespHeader Cache-Status: lacquer; hit
       VCL_call DELIVER
       VCL_return deliver
       Timestamp Process
       RespProtocol HTTP/1.1
       RespStatus 304
       RespReason Not Modified
       Filters
       RespUnset Content-Length: 5
       Timestamp Resp
       ReqAcct 57 0 57 168 0 168
       End`,
    ],
  },
  {
    title: 'a pass with a body',
    answer: uncacheable,
    say: async (c1) => {
      c1.request('POST', '/', 'Content-Length: 5', 'Connection: close')
      c1.txbody('abcde')
      await c1.rx({ status: 200 })
    },
    told: [
      `Begin req 1 rxreq
       VCL_call RECV
       VCL_return hash
       VCL_call HASH
       VCL_return lookup
       VCL_call PASS
       VCL_return fetch
       Link bereq 3 pass
       Timestamp ReqBody
       Timestamp Fetch
       RespProtocol HTTP/1.1
       RespStatus 200
       RespReason OK
       RespHeader Cache-Control: private
       RespHeader Date: Thu, 01 Jan 2026 00:00:00 GMT
       RespHeader Content-Length: 4
       RespHeader Via: 1.1 lacquer (Lacquer)
       RespHeader Cache-Status: lacquer; fwd=bypass
       VCL_call DELIVER
       VCL_return deliver
       Timestamp Process
       Filters
       RespHeader Connection: close
       Timestamp Resp
       ReqAcct 76 5 81 181 4 185
       End`,
      `Begin bereq 2 pass
       VCL_call BACKEND_FETCH
       VCL_return fetch
       Timestamp Fetch
       Timestamp Connected
       BackendOpen 0 default 127.0.0.1 PORT 127.0.0.1 PORT connect
       Timestamp Bereq
       Timestamp Beresp
       BerespProtocol HTTP/1.1
       BerespStatus 200
       BerespReason OK
       BerespHeader Cache-Control: private
       BerespHeader Date: Thu, 01 Jan 2026 00:00:00 GMT
       BerespHeader Content-Length: 4
       VCL_call BACKEND_RESPONSE
       VCL_return deliver
       Timestamp Process
       Filters
       Storage memory Transient
       Fetch_Body 3 length stream
       BackendClose 0 default recycle
       Timestamp BerespBody
       Length 4
       BereqAcct 137 5 142 99 4 103
       End`,
    ],
  },
  {
    title: 'a hit-for-miss',
    answer: uncacheable,
    say: async (c1, v1) => {
      await c1.ask('/', { status: 200 })
      v1.advance(1000)
      await c1.ask('/', { status: 200 })
    },
    told: [
      `Begin req 1 rxreq
       VCL_call RECV
       VCL_return hash
       VCL_call HASH
       VCL_return lookup
       HitMiss 3 119.000000
       VCL_call MISS
       VCL_return fetch
       Link bereq 5 fetch
       Timestamp Fetch
       RespProtocol HTTP/1.1
       RespStatus 200
       RespReason OK
       RespHeader Cache-Control: private
       RespHeader Date: Thu, 01 Jan 2026 00:00:00 GMT
       RespHeader Content-Length: 4
       RespHeader Age: 1
       RespHeader Via: 1.1 lacquer (Lacquer)
       RespHeader Cache-Status: lacquer; fwd=miss
       VCL_call DELIVER
       VCL_return deliver
       Timestamp Process
       Filters
       Timestamp Resp
       ReqAcct 37 0 37 168 4 172
       End`,
      `Begin bereq 4 fetch
       VCL_call BACKEND_FETCH
       VCL_return fetch
       Timestamp Fetch
       Timestamp Connected
       BackendOpen 0 default 127.0.0.1 PORT 127.0.0.1 PORT reuse
       Timestamp Bereq
       Timestamp Beresp
       BerespProtocol HTTP/1.1
       BerespStatus 200
       BerespReason OK
       BerespHeader Cache-Control: private
       BerespHeader Date: Thu, 01 Jan 2026 00:00:00 GMT
       BerespHeader Content-Length: 4
       TTL RFC -1 0 10 1767225601 1767225600 1767225600 0 0 uncacheable
       VCL_call BACKEND_RESPONSE
       VCL_return deliver
       Timestamp Process
       Filters
       Storage memory Transient
       Fetch_Body 3 length stream
       BackendClose 0 default recycle
       Timestamp BerespBody
       Length 4
       BereqAcct 117 0 117 99 4 103
       End`,
    ],
  },
  {
    title: 'a hit-for-pass',
    answer: cacheable,
    vcl: 'sub vcl_backend_response { return (pass(20s)); }',
    say: async (c1, v1) => {
      await c1.ask('/', { status: 200 })
      v1.advance(1000)
      await c1.ask('/', { status: 200 })
    },
    told: [
      `Begin req 1 rxreq
       VCL_call RECV
       VCL_return hash
       VCL_call HASH
       VCL_return lookup
       HitPass 3 19.000000
       VCL_call PASS
       VCL_return fetch
       Link bereq 5 pass
       Timestamp Fetch
       RespProtocol HTTP/1.1
       RespStatus 200
       RespReason OK
       RespHeader Cache-Control: max-age=10
       RespHeader Date: Thu, 01 Jan 2026 00:00:00 GMT
       RespHeader Content-Length: 5
       RespHeader Age: 1
       RespHeader Via: 1.1 lacquer (Lacquer)
       RespHeader Cache-Status: lacquer; fwd=bypass
       VCL_call DELIVER
       VCL_return deliver
       Timestamp Process
       Filters
       Timestamp Resp
       ReqAcct 37 0 37 173 5 178
       End`,
      `Begin bereq 4 pass
       VCL_call BACKEND_FETCH
       VCL_return fetch
       Timestamp Fetch
       Timestamp Connected
       BackendOpen 0 default 127.0.0.1 PORT 127.0.0.1 PORT reuse
       Timestamp Bereq
       Timestamp Beresp
       BerespProtocol HTTP/1.1
       BerespStatus 200
       BerespReason OK
       BerespHeader Cache-Control: max-age=10
       BerespHeader Date: Thu, 01 Jan 2026 00:00:00 GMT
       BerespHeader Content-Length: 5
       VCL_call BACKEND_RESPONSE
       TTL HFP 20 0 0 1767225601 uncacheable
       VCL_return pass
       Timestamp Process
       Filters
       Storage memory Transient
       Fetch_Body 3 length stream
       BackendClose 0 default recycle
       Timestamp BerespBody
       Length 5
       BereqAcct 117 0 117 102 5 107
       End`,
    ],
  },
  {
    title: 'a response of our own',
    answer: cacheable,
    vcl: `sub vcl_recv { return (synth(404, "Not here")); }
          sub vcl_synth { set resp.http.X = "1"; set resp.body = "nothing"; return (deliver); }`,
    say: async (c1) => {
      await c1.ask('/', { status: 404 })
    },
    told: [
      `Begin req 1 rxreq
       VCL_call RECV
       VCL_return synth
       VCL_call HASH
       VCL_return lookup
       RespProtocol HTTP/1.1
       RespStatus 404
       RespReason Not here
       RespHeader Date: Thu, 01 Jan 2026 00:00:00 GMT
       RespHeader Server: Lacquer
       VCL_call SYNTH
       RespHeader X: 1
       VCL_return deliver
       Timestamp Process
       RespHeader Content-Length: 7
       Filters
       Timestamp Resp
       ReqAcct 37 0 37 104 7 111
       End`,
    ],
  },
  {
    title: 'a restart: a request of its own, a child of the first',
    answer: cacheable,
    vcl: 'sub vcl_recv { if (req.restarts == 0) { set req.http.X = "1"; return (restart); } }',
    say: async (c1) => {
      await c1.ask('/', { status: 200 })
    },
    told: [
      `Begin req 1 rxreq
       VCL_call RECV
       ReqHeader X: 1
       VCL_return restart
       VCL_call HASH
       VCL_return lookup
       Timestamp Restart
       Link req 3 restart
       End`,
      `Begin req 2 restart
       VCL_call RECV
       VCL_return hash
       VCL_call HASH
       VCL_return lookup
       VCL_call MISS
       VCL_return fetch
       Link bereq 4 fetch
       Timestamp Fetch
       RespProtocol HTTP/1.1
       RespStatus 200
       RespReason OK
       RespHeader Cache-Control: max-age=10
       RespHeader Date: Thu, 01 Jan 2026 00:00:00 GMT
       RespHeader Content-Length: 5
       RespHeader Via: 1.1 lacquer (Lacquer)
       RespHeader Cache-Status: lacquer; fwd=miss
       VCL_call DELIVER
       VCL_return deliver
       Timestamp Process
       Filters
       Timestamp Resp
       ReqAcct 37 0 37 163 5 168
       End`,
      `Begin bereq 3 fetch
       VCL_call BACKEND_FETCH
       VCL_return fetch
       Timestamp Fetch
       Timestamp Connected
       BackendOpen 0 default 127.0.0.1 PORT 127.0.0.1 PORT connect
       Timestamp Bereq
       Timestamp Beresp
       BerespProtocol HTTP/1.1
       BerespStatus 200
       BerespReason OK
       BerespHeader Cache-Control: max-age=10
       BerespHeader Date: Thu, 01 Jan 2026 00:00:00 GMT
       BerespHeader Content-Length: 5
       TTL RFC 10 0 10 1767225600 1767225600 1767225600 0 10 cacheable
       VCL_call BACKEND_RESPONSE
       VCL_return deliver
       Timestamp Process
       Filters
       Storage memory s0
       Fetch_Body 3 length stream
       BackendClose 0 default recycle
       Timestamp BerespBody
       Length 5
       BereqAcct 123 0 123 102 5 107
       End`,
    ],
  },
  {
    title: 'a hit in grace and its fetch in the background',
    answer: (request) => request.answer('hello', 'Cache-Control: max-age=10, stale-while-revalidate=100', DATE),
    say: async (c1, v1, t) => {
      await c1.ask('/', { status: 200 })
      v1.advance(11_000)
      await c1.ask('/', { status: 200 })
      await t.until('it is refreshed', () => v1.log().filter(({ tag }) => tag === 'BereqAcct').length === 2)
    },
    told: [
      `Begin req 1 rxreq
       VCL_call RECV
       VCL_return hash
       VCL_call HASH
       VCL_return lookup
       Hit 3 -1.000000 100.000000 10.000000
       VCL_call HIT
       VCL_return deliver
       Link bereq 5 bgfetch
       Timestamp Fetch
       RespProtocol HTTP/1.1
       RespStatus 200
       RespReason OK
       RespHeader Cache-Control: max-age=10, stale-while-revalidate=100
       RespHeader Date: Thu, 01 Jan 2026 00:00:00 GMT
       RespHeader Content-Length: 5
       RespHeader Age: 11
       RespHeader Via: 1.1 lacquer (Lacquer)
       RespHeader Cache-Status: lacquer; hit
       VCL_call DELIVER
       VCL_return deliver
       Timestamp Process
       Filters
       Timestamp Resp
       ReqAcct 37 0 37 195 5 200
       End`,
      `Begin bereq 4 bgfetch
       VCL_call BACKEND_FETCH
       VCL_return fetch
       Timestamp Fetch
       Timestamp Connected
       BackendOpen 0 default 127.0.0.1 PORT 127.0.0.1 PORT reuse
       Timestamp Bereq
       Timestamp Beresp
       BerespProtocol HTTP/1.1
       BerespStatus 200
       BerespReason OK
       BerespHeader Cache-Control: max-age=10, stale-while-revalidate=100
       BerespHeader Date: Thu, 01 Jan 2026 00:00:00 GMT
       BerespHeader Content-Length: 5
       TTL RFC -1 100 10 1767225611 1767225600 1767225600 0 10 cacheable
       VCL_call BACKEND_RESPONSE
       VCL_return deliver
       Timestamp Process
       Filters
       Storage memory s0
       Fetch_Body 3 length stream
       BackendClose 0 default recycle
       Timestamp BerespBody
       Length 5
       BereqAcct 117 0 117 130 5 135
       End`,
    ],
  },
  {
    title: 'a retry: a fetch of its own, a child of the first',
    answer: (request) => request.answer('hello', 'HTTP/1.1 500 Oops', DATE),
    vcl: `sub vcl_backend_fetch { if (bereq.retries == 1) { set bereq.http.X = "1"; } }
          sub vcl_backend_response { if (bereq.retries == 0) { return (retry); } set beresp.status = 200; unset beresp.http.Date; }`,
    say: async (c1) => {
      await c1.ask('/', { status: 200 })
    },
    told: [
      `Begin req 1 rxreq
       VCL_call RECV
       VCL_return hash
       VCL_call HASH
       VCL_return lookup
       VCL_call MISS
       VCL_return fetch
       Link bereq 3 fetch
       Timestamp Fetch
       RespProtocol HTTP/1.1
       RespStatus 200
       RespReason OK
       RespHeader Content-Length: 5
       RespHeader Via: 1.1 lacquer (Lacquer)
       RespHeader Cache-Status: lacquer; fwd=miss
       VCL_call DELIVER
       VCL_return deliver
       Timestamp Process
       Filters
       Timestamp Resp
       ReqAcct 37 0 37 99 5 104
       End`,
      `Begin bereq 2 fetch
       VCL_call BACKEND_FETCH
       VCL_return fetch
       Timestamp Fetch
       Timestamp Connected
       BackendOpen 0 default 127.0.0.1 PORT 127.0.0.1 PORT connect
       Timestamp Bereq
       Timestamp Beresp
       BerespProtocol HTTP/1.1
       BerespStatus 500
       BerespReason Oops
       BerespHeader Date: Thu, 01 Jan 2026 00:00:00 GMT
       BerespHeader Content-Length: 5
       TTL RFC -1 0 10 1767225600 1767225600 1767225600 0 0 uncacheable
       VCL_call BACKEND_RESPONSE
       VCL_return retry
       BackendClose 0 default close Backend/VCL requested close
       Timestamp Retry
       Link bereq 4 retry
       End`,
      `Begin bereq 3 retry
       VCL_call BACKEND_FETCH
       BereqHeader X: 1
       VCL_return fetch
       Timestamp Fetch
       Timestamp Connected
       BackendOpen 0 default 127.0.0.1 PORT 127.0.0.1 PORT connect
       Timestamp Bereq
       Timestamp Beresp
       BerespProtocol HTTP/1.1
       BerespStatus 500
       BerespReason Oops
       BerespHeader Date: Thu, 01 Jan 2026 00:00:00 GMT
       BerespHeader Content-Length: 5
       TTL RFC -1 0 10 1767225600 1767225600 1767225600 0 0 uncacheable
       VCL_call BACKEND_RESPONSE
       BerespUnset Date: Thu, 01 Jan 2026 00:00:00 GMT
       BerespStatus 200
       BerespReason OK
       VCL_return deliver
       Timestamp Process
       Filters
       Storage memory Transient
       Fetch_Body 3 length stream
       BackendClose 0 default recycle
       Timestamp BerespBody
       Length 5
       BereqAcct 123 0 123 77 5 82
       End`,
    ],
  },
  {
    title: 'a fetch that fails',
    answer: (request) => request.reset(),
    say: async (c1) => {
      await c1.ask('/', { status: 503 })
    },
    told: [
      `Begin req 1 rxreq
       VCL_call RECV
       VCL_return hash
       VCL_call HASH
       VCL_return lookup
       VCL_call MISS
       VCL_return fetch
       Link bereq 3 fetch
       Timestamp Fetch
       RespProtocol HTTP/1.1
       RespStatus 503
       RespReason Backend fetch failed
       RespHeader Date: Thu, 01 Jan 2026 00:00:00 GMT
       RespHeader Server: Lacquer
       RespHeader Content-Type: text/html; charset=utf-8
       RespHeader Retry-After: 5
       RespHeader Content-Length: 239
       RespHeader Via: 1.1 lacquer (Lacquer)
       RespHeader Cache-Status: lacquer; fwd=miss
       VCL_call DELIVER
       VCL_return deliver
       Timestamp Process
       Filters
       Timestamp Resp
       ReqAcct 37 0 37 229 239 468
       End`,
      `Begin bereq 2 fetch
       VCL_call BACKEND_FETCH
       VCL_return fetch
       Timestamp Fetch
       Timestamp Connected
       BackendOpen 0 default 127.0.0.1 PORT 127.0.0.1 PORT connect
       Timestamp Bereq
       FetchError read ECONNRESET
       BackendClose 0 default close Received bad req/resp
       Timestamp Beresp
       Timestamp Error
       BerespProtocol HTTP/1.1
       BerespStatus 503
       BerespReason Backend fetch failed
       BerespHeader Date: Thu, 01 Jan 2026 00:00:00 GMT
       BerespHeader Server: Lacquer
       VCL_call BACKEND_ERROR
       BerespHeader Content-Type: text/html; charset=utf-8
       BerespHeader Retry-After: 5
       VCL_return deliver
       Storage memory Transient
       Length 239
       BereqAcct 117 0 117 0 0 0
       End`,
    ],
  },
  {
    title: 'a 304 of the origin',
    answer: (request) => {
      const fields = ['ETag: "1"', 'Cache-Control: max-age=10']
      if (request.request.field('if-none-match') === undefined) request.answer('hello', 'X: 1', ...fields)
      else request.tx('HTTP/1.1 304 Not Modified', ...fields)
    },
    say: async (c1, v1) => {
      await c1.ask('/', { status: 200 })
      v1.advance(11_000)
      await c1.ask('/', { status: 200 })
    },
    told: [
      `Begin req 1 rxreq
       VCL_call RECV
       VCL_return hash
       VCL_call HASH
       VCL_return lookup
       VCL_call MISS
       VCL_return fetch
       Link bereq 5 fetch
       Timestamp Fetch
       RespProtocol HTTP/1.1
       RespStatus 200
       RespReason OK
       RespHeader X: 1
       RespHeader ETag: "1"
       RespHeader Cache-Control: max-age=10
       RespHeader Date: Thu, 01 Jan 2026 00:00:11 GMT
       RespHeader Content-Length: 5
       RespHeader Via: 1.1 lacquer (Lacquer)
       RespHeader Cache-Status: lacquer; fwd=miss
       VCL_call DELIVER
       VCL_return deliver
       Timestamp Process
       Filters
       Timestamp Resp
       ReqAcct 37 0 37 180 5 185
       End`,
      `Begin bereq 4 fetch
       VCL_call BACKEND_FETCH
       VCL_return fetch
       Timestamp Fetch
       Timestamp Connected
       BackendOpen 0 default 127.0.0.1 PORT 127.0.0.1 PORT reuse
       Timestamp Bereq
       Timestamp Beresp
       BerespProtocol HTTP/1.1
       BerespStatus 304
       BerespReason Not Modified
       BerespHeader ETag: "1"
       BerespHeader Cache-Control: max-age=10
       BerespHeader Date: Thu, 01 Jan 2026 00:00:11 GMT
       BerespProtocol HTTP/1.1
       BerespStatus 200
       BerespReason OK
       BerespHeader X: 1
       TTL RFC 10 0 31536000 1767225611 1767225611 1767225611 0 10 cacheable
       VCL_call BACKEND_RESPONSE
       VCL_return deliver
       Timestamp Process
       Storage memory s0
       BackendClose 0 default recycle
       Timestamp BerespBody
       Length 5
       BereqAcct 137 0 137 67 0 67
       End`,
    ],
  },
  {
    title: 'a purge',
    answer: cacheable,
    vcl: 'sub vcl_recv { set req.url = "/other"; return (purge); }',
    say: async (c1) => {
      await c1.ask('/', { status: 200 })
    },
    told: [
      `Begin req 1 rxreq
       VCL_call RECV
       ReqURL /other
       VCL_return purge
       VCL_call HASH
       VCL_return lookup
       VCL_call PURGE
       VCL_return synth
       RespProtocol HTTP/1.1
       RespStatus 200
       RespReason Purged
       RespHeader Date: Thu, 01 Jan 2026 00:00:00 GMT
       RespHeader Server: Lacquer
       VCL_call SYNTH
       RespHeader Content-Type: text/html; charset=utf-8
       RespHeader Retry-After: 5
       VCL_return deliver
       Timestamp Process
       RespHeader Content-Length: 157
       Filters
       Timestamp Resp
       ReqAcct 37 0 37 154 157 311
       End`,
    ],
  },
  {
    title: 'a pipe',
    answer: (request) => {
      request.tx('HTTP/1.1 200 OK', 'Connection: close')
      request.txbody('bytes')
      request.close()
    },
    vcl: 'sub vcl_recv { return (pipe); } sub vcl_pipe { set bereq.http.X = "1"; }',
    say: async (c1) => {
      await c1.ask('/', { body: 'bytes' })
    },
    told: [
      `Begin req 1 rxreq
       VCL_call RECV
       VCL_return pipe
       VCL_call HASH
       VCL_return lookup
       Link bereq 3 pipe
       VCL_call PIPE
       VCL_return pipe
       Timestamp Process
       Timestamp Pipe
       Timestamp PipeSess
       PipeAcct 37 90 0 43
       End`,
      `Begin bereq 2 pipe
       Timestamp Start
       BereqMethod GET
       BereqURL /
       BereqProtocol HTTP/1.1
       BereqHeader Host: example.com
       BereqHeader X-Forwarded-For: 127.0.0.1
       BereqHeader Connection: close
       BereqHeader X: 1
       Timestamp Process
       Timestamp Connected
       BackendOpen 0 default 127.0.0.1 PORT 127.0.0.1 PORT connect
       Timestamp Bereq
       BackendClose 0 default close Piped transaction
       BereqAcct 0 0 0 0 0 0
       End`,
    ],
  },
  {
    title: 'what is no request',
    answer: cacheable,
    say: async (c1) => {
      c1.tx('GET / HTTP/1.1', 'Ho st: a')
      await c1.rx({ status: 400 })
    },
    told: [
      `Begin req 1 rxreq
       Timestamp Start
       Timestamp Req
       Error Whitespace before the colon
       HttpGarbage GET / HTTP/1.1|Ho st: a||
       RespProtocol HTTP/1.1
       RespStatus 400
       RespReason Bad Request
       RespHeader Date: Thu, 01 Jan 2026 00:00:00 GMT
       RespHeader Content-Length: 0
       RespHeader Connection: close
       ReqAcct 28 0 28 103 0 103
       End`,
    ],
  },
  {
    title: 'what rules do to field lines',
    answer: cacheable,
    vcl: `sub vcl_recv { set req.http.Host = "b"; unset req.http.X-Forwarded-For; return (pass); }
          sub vcl_deliver { set resp.http.X = "1"; unset resp.http.Via; set resp.status = 201; }`,
    say: async (c1) => {
      await c1.ask('/', { status: 201 }, 'Host: a', 'X-Forwarded-For: 192.0.2.1')
    },
    told: [
      `Begin req 1 rxreq
       VCL_call RECV
       ReqUnset Host: a
       ReqHeader Host: b
       ReqUnset X-Forwarded-For: 192.0.2.1, 127.0.0.1
       VCL_return pass
       VCL_call HASH
       VCL_return lookup
       VCL_call PASS
       VCL_return fetch
       Link bereq 3 pass
       Timestamp Fetch
       RespProtocol HTTP/1.1
       RespStatus 200
       RespReason OK
       RespHeader Cache-Control: max-age=10
       RespHeader Date: Thu, 01 Jan 2026 00:00:00 GMT
       RespHeader Content-Length: 5
       RespHeader Via: 1.1 lacquer (Lacquer)
       RespHeader Cache-Status: lacquer; fwd=bypass
       VCL_call DELIVER
       RespHeader X: 1
       RespUnset Via: 1.1 lacquer (Lacquer)
       RespStatus 201
       RespReason Created
       VCL_return deliver
       Timestamp Process
       Filters
       Timestamp Resp
       ReqAcct 55 0 55 148 5 153
       End`,
      `Begin bereq 2 pass
       VCL_call BACKEND_FETCH
       VCL_return fetch
       Timestamp Fetch
       Timestamp Connected
       BackendOpen 0 default 127.0.0.1 PORT 127.0.0.1 PORT connect
       Timestamp Bereq
       Timestamp Beresp
       BerespProtocol HTTP/1.1
       BerespStatus 200
       BerespReason OK
       BerespHeader Cache-Control: max-age=10
       BerespHeader Date: Thu, 01 Jan 2026 00:00:00 GMT
       BerespHeader Content-Length: 5
       VCL_call BACKEND_RESPONSE
       VCL_return deliver
       Timestamp Process
       Filters
       Storage memory Transient
       Fetch_Body 3 length stream
       BackendClose 0 default recycle
       Timestamp BerespBody
       Length 5
       BereqAcct 79 0 79 102 5 107
       End`,
    ],
  },
]

describe('transactions', () => {
  for (const { title, answer, vcl, say, told: expected } of SCENARIOS) {
    vtc(title, async (t) => {
      const s1 = await answering(t, answer)
      const all = await told(t, { origin: s1, vcl: vcl ?? '' }, (c1, v1) => say(c1, v1, t))
      const last = all.findLastIndex((one) => one[0].endsWith('rxreq'))
      const said = all.slice(last).map((one) => fromSub(one))
      expect(said).toEqual(expected.map(lines))
    })
  }
})

/** From the first sub on. */
function fromSub(lines: string[]): string[] {
  const at = lines.findIndex((one) => one.startsWith('VCL_call'))
  return [lines[0], ...lines.slice(Math.max(1, at))]
}

const MISS = [
  `Begin sess 0 HTTP/1
   SessOpen 127.0.0.1 PORT a0 127.0.0.1 PORT 1767225600.000000 0
   Link req 2 rxreq
   SessClose REM_CLOSE 0.000
   End`,
  `Begin req 1 rxreq
   Timestamp Start
   Timestamp Req
   VCL_use boot
   ReqStart 127.0.0.1 PORT a0
   ReqMethod GET
   ReqURL /
   ReqProtocol HTTP/1.1
   ReqHeader Host: example.com
   ReqHeader X-Forwarded-For: 192.0.2.1
   ReqUnset X-Forwarded-For: 192.0.2.1
   ReqHeader X-Forwarded-For: 192.0.2.1, 127.0.0.1
   VCL_call RECV`,
  `Begin bereq 2 fetch
   VCL_use boot
   Timestamp Start
   BereqMethod GET
   BereqURL /
   BereqProtocol HTTP/1.1
   BereqHeader Host: example.com
   BereqHeader X-Forwarded-For: 192.0.2.1, 127.0.0.1
   BereqHeader Via: 1.1 lacquer (Lacquer)
   VCL_call BACKEND_FETCH`,
]

vtc('a session, and what stands before the first sub', async (t) => {
  const s1 = await answering(t, cacheable)
  const all = await told(t, { origin: s1 }, async (c1) => void (await c1.ask('/', { status: 200 }, 'X-Forwarded-For: 192.0.2.1')))
  const begun = all.map((one) => one.slice(0, one.findIndex((each) => each.startsWith('VCL_call')) + 1 || one.length))
  expect(begun).toEqual(MISS.map(lines))
})

vtc('two that ask for the same: one waits, and says so', async (t) => {
  let v1: TestCache | undefined
  const s1 = await t.origin('s1', async (s) => {
    const request = await s.rx()
    await t.until('the other waits', () => v1?.counters().busy_sleep === 1)
    request.answer('hello', 'Cache-Control: max-age=10')
  })
  const cache = t.cache(await startCache(s1))
  v1 = cache
  const c1 = t.client('c1', cache, async (c) => void (await c.ask('/', { body: 'hello' })))
  const c2 = t.client('c2', cache, async (c) => void (await c.ask('/', { body: 'hello' })))
  await c1.end()
  await c2.end()
  const waited = transactions(cache).find((one) => one.includes('Timestamp Waitinglist')) ?? []
  const at = waited.indexOf('Timestamp Waitinglist')
  expect(waited.slice(at - 1, at + 2)).toEqual(['VCL_return lookup', 'Timestamp Waitinglist', expect.stringMatching(/^Hit \d+ 10\.000000/)])
  expect(cache.counters()).toMatchObject({ busy_wakeup: 1, busy_served: 1, cache_hit: 1 })
})

vtc('times: since the start, and since the time before', async (t) => {
  let v1: TestCache | undefined
  const s1 = await t.origin('s1', async (s) => {
    const request = await s.rx()
    v1?.advance(250)
    request.answer('hello')
  })
  const cache = t.cache(await startCache(s1))
  v1 = cache
  const c1 = await t.connect('c1', cache)
  await c1.ask('/', { status: 200 })
  const times = cache.log().filter(({ tag, xid }) => tag === 'Timestamp' && xid === 2)
  expect(times.map(({ text }) => text)).toEqual([
    'Start: 1767225600.000000 0.000000 0.000000',
    'Req: 1767225600.000000 0.000000 0.000000',
    'Fetch: 1767225600.250000 0.250000 0.250000',
    'Process: 1767225600.250000 0.250000 0.000000',
    'Resp: 1767225600.250000 0.250000 0.000000',
  ])
})

/** Bytes of a head as it was on the wire. */
function headBytes(message: Message): number {
  return [message.start, ...message.lines].join('\r\n').length + 4
}

describe('bytes accounted are those that went', () => {
  const sent = ['POST / HTTP/1.1', 'Host: example.com']
  test.each([
    ['a body of known length', ['Content-Length: 5'], 'abcde', 5],
    ['chunks', ['Transfer-Encoding: chunked'], '2\r\nab\r\n3\r\ncde\r\n0\r\n\r\n', 5 + 15],
  ])('%s', (_, fields, body, body_bytes) =>
    new Conversation().converse(async (t) => {
      const asked: Message[] = []
      const s1 = await answering(t, (request) => {
        asked.push(request.request)
        request.tx('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked')
        request.txchunk('hello')
        request.txlast()
      })
      const answers: Message[] = []
      const all = await told(t, { origin: s1 }, async (c1) => {
        c1.tx(...sent, ...fields)
        c1.txbody(body)
        answers.push(await c1.rx({ body: 'hello' }))
      })
      const [req, bereq] = all.slice(1).map((one) => one.find((each) => /Acct/.test(each)))
      const received = [...sent, ...fields].join('\r\n').length + 4
      const out = headBytes(answers[0])
      expect(req).toBe(`ReqAcct ${received} ${body_bytes} ${received + body_bytes} ${out} 5 ${out + 5}`)
      const bereq_head = headBytes(asked[0])
      const beresp_head = ['HTTP/1.1 200 OK', 'Transfer-Encoding: chunked'].join('\r\n').length + 4
      expect(bereq).toBe(`BereqAcct ${bereq_head} 5 ${bereq_head + 5} ${beresp_head} 5 ${beresp_head + 5}`)
    }),
  )
})
