import { describe } from 'vitest'
import { cacheable, DATE, uncacheable, holdTo, type Scenario } from './told.ts'

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
       RespHeader Accept-Ranges: bytes
       RespHeader Content-Length: 5
       RespHeader Age: 0
       RespHeader Via: 1.1 lacquer (Lacquer)
       RespHeader Cache-Status: lacquer; hit; ttl=10
       VCL_call DELIVER
       VCL_return deliver
       Timestamp Process
       Filters
       Timestamp Resp
       ReqAcct 37 0 37 196 5 201
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
       RespHeader Accept-Ranges: bytes
       RespHeader Content-Length: 5
       RespHeader Age: 0
       RespHeader Via: 1.1 lacquer (Lacquer)
       RespHeader Cache-Status: lacquer; hit; ttl=10
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
       ReqAcct 55 0 55 237 2 239
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
       RespHeader Accept-Ranges: bytes
       RespHeader Content-Length: 5
       RespHeader Age: 0
       RespHeader Via: 1.1 lacquer (Lacquer)
       RespHeader Cache-Status: lacquer; hit; ttl=10
       VCL_call DELIVER
       VCL_return deliver
       Timestamp Process
       RespProtocol HTTP/1.1
       RespStatus 304
       RespReason Not Modified
       Filters
       RespUnset Content-Length: 5
       Timestamp Resp
       ReqAcct 57 0 57 198 0 198
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
       RespHeader Cache-Status: lacquer; fwd=method
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
       BereqHeader Content-Length: 5
       Timestamp Connected
       BackendOpen FD default 127.0.0.1 PORT 127.0.0.1 PORT connect
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
       BackendClose FD default recycle
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
       RespHeader Cache-Status: lacquer; fwd=uri-miss; detail=private
       VCL_call DELIVER
       VCL_return deliver
       Timestamp Process
       Filters
       Timestamp Resp
       ReqAcct 37 0 37 188 4 192
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
       BackendClose FD default recycle
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
       RespHeader Cache-Status: lacquer; fwd=bypass; detail=hit-for-pass
       VCL_call DELIVER
       VCL_return deliver
       Timestamp Process
       Filters
       Timestamp Resp
       ReqAcct 37 0 37 194 5 199
       End`,
      `Begin bereq 4 pass
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
       BackendClose FD default recycle
       Timestamp BerespBody
       Length 5
       BereqAcct 117 0 117 102 5 107
       End`,
    ],
  },
]

describe('transactions of an answer', () => holdTo(SCENARIOS))
