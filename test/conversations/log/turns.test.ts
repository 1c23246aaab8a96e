import { describe } from 'vitest'
import { cacheable, DATE, holdTo, type Scenario } from './told.ts'

const SCENARIOS: readonly Scenario[] = [
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
       RespHeader Accept-Ranges: bytes
       RespHeader Content-Length: 5
       RespHeader Via: 1.1 lacquer (Lacquer)
       RespHeader Cache-Status: lacquer; fwd=uri-miss; stored; ttl=10
       VCL_call DELIVER
       VCL_return deliver
       Timestamp Process
       Filters
       Timestamp Resp
       ReqAcct 37 0 37 205 5 210
       End`,
      `Begin bereq 3 fetch
       VCL_call BACKEND_FETCH
       VCL_return fetch
       Timestamp Fetch
       Timestamp Connected
       BackendOpen FD default 127.0.0.1 PORT 127.0.0.1 PORT connect
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
       BackendClose FD default recycle
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
       RespHeader Accept-Ranges: bytes
       RespHeader Content-Length: 5
       RespHeader Age: 11
       RespHeader Via: 1.1 lacquer (Lacquer)
       RespHeader Cache-Status: lacquer; hit; ttl=-1
       VCL_call DELIVER
       VCL_return deliver
       Timestamp Process
       Filters
       Timestamp Resp
       ReqAcct 37 0 37 225 5 230
       End`,
      `Begin bereq 4 bgfetch
       VCL_call BACKEND_FETCH
       VCL_return fetch
       Timestamp Fetch
       Timestamp Connected
       BackendOpen FD default 127.0.0.1 PORT 127.0.0.1 PORT reuse
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
       BackendClose FD default recycle
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
       RespHeader Cache-Status: lacquer; fwd=uri-miss; fwd-status=500; detail=useless
       VCL_call DELIVER
       VCL_return deliver
       Timestamp Process
       Filters
       Timestamp Resp
       ReqAcct 37 0 37 135 5 140
       End`,
      `Begin bereq 2 fetch
       VCL_call BACKEND_FETCH
       VCL_return fetch
       Timestamp Fetch
       Timestamp Connected
       BackendOpen FD default 127.0.0.1 PORT 127.0.0.1 PORT connect
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
       BackendClose FD default close Backend/VCL requested close
       Timestamp Retry
       Link bereq 4 retry
       End`,
      `Begin bereq 3 retry
       VCL_call BACKEND_FETCH
       BereqHeader X: 1
       VCL_return fetch
       Timestamp Fetch
       Timestamp Connected
       BackendOpen FD default 127.0.0.1 PORT 127.0.0.1 PORT connect
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
       BackendClose FD default recycle
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
       VCL_call DELIVER
       VCL_return deliver
       Timestamp Process
       Filters
       Timestamp Resp
       ReqAcct 37 0 37 196 239 435
       End`,
      `Begin bereq 2 fetch
       VCL_call BACKEND_FETCH
       VCL_return fetch
       Timestamp Fetch
       Timestamp Connected
       BackendOpen FD default 127.0.0.1 PORT 127.0.0.1 PORT connect
       Timestamp Bereq
       FetchError HTC eof (-1)
       BackendClose FD default close Received bad req/resp
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
       RespHeader Accept-Ranges: bytes
       RespHeader Cache-Control: max-age=10
       RespHeader Date: Thu, 01 Jan 2026 00:00:11 GMT
       RespHeader Content-Length: 5
       RespHeader Via: 1.1 lacquer (Lacquer)
       RespHeader Cache-Status: lacquer; fwd=stale; fwd-status=304; stored; ttl=10
       VCL_call DELIVER
       VCL_return deliver
       Timestamp Process
       Filters
       Timestamp Resp
       ReqAcct 37 0 37 235 5 240
       End`,
      `Begin bereq 4 fetch
       VCL_call BACKEND_FETCH
       VCL_return fetch
       Timestamp Fetch
       Timestamp Connected
       BackendOpen FD default 127.0.0.1 PORT 127.0.0.1 PORT reuse
       Timestamp Bereq
       Timestamp Beresp
       BerespProtocol HTTP/1.1
       BerespStatus 304
       BerespReason Not Modified
       BerespHeader ETag: "1"
       BerespHeader Cache-Control: max-age=10
       BerespHeader Date: Thu, 01 Jan 2026 00:00:11 GMT
       TTL RFC 10 0 31536000 1767225611 1767225611 1767225611 0 10 cacheable
       BerespProtocol HTTP/1.1
       BerespStatus 200
       BerespReason OK
       BerespHeader X: 1
       BerespHeader Accept-Ranges: bytes
       VCL_call BACKEND_RESPONSE
       VCL_return deliver
       Timestamp Process
       Storage memory s0
       BackendClose FD default recycle
       Timestamp BerespBody
       Length 5
       BereqAcct 137 0 137 67 0 67
       End`,
    ],
  },
]

describe('transactions of a request that takes turns', () => holdTo(SCENARIOS))
