import { describe } from 'vitest'
import { DATE, holdTo, type Scenario } from './told.ts'

const HELLO = ['hello', 'Cache-Control: max-age=10', 'Content-Type: text/plain', 'ETag: "1"', DATE] as const

/** Until a stored "hello" is on its way. */
const HIT = `
  Begin req 1 rxreq
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
  RespHeader Content-Type: text/plain
  RespHeader ETag: "1"
  RespHeader Date: Thu, 01 Jan 2026 00:00:00 GMT
  RespHeader Accept-Ranges: bytes
  RespHeader Content-Length: 5
  RespHeader Age: 0
  RespHeader Via: 1.1 lacquer (Lacquer)
  RespHeader Cache-Status: lacquer; hit; ttl=10
  VCL_call DELIVER
  VCL_return deliver
  Timestamp Process`

const SCENARIOS: readonly Scenario[] = [
  {
    title: 'a part that there is none of',
    answer: (request) => request.answer(...HELLO),
    say: async (c1) => {
      await c1.ask('/', { status: 200 })
      await c1.ask('/', { status: 416 }, 'Range: bytes=9-')
    },
    told: [
      `${HIT}
       Filters  range
       RespUnset Cache-Control: max-age=10
       RespUnset Content-Type: text/plain
       RespUnset ETag: "1"
       RespHeader Content-Range: bytes */5
       RespProtocol HTTP/1.1
       RespStatus 416
       RespReason Range Not Satisfiable
       RespUnset Content-Length: 5
       RespHeader Content-Length: 0
       Timestamp Resp
       ReqAcct 54 0 54 214 0 214
       End`,
    ],
  },
  {
    title: 'several parts',
    answer: (request) => request.answer(...HELLO),
    say: async (c1) => {
      await c1.ask('/', { status: 200 })
      await c1.ask('/', { status: 206 }, 'Range: bytes=0-0,4-4')
    },
    told: [
      `${HIT}
       Filters  range
       RespUnset Content-Type: text/plain
       RespHeader Content-Type: multipart/byteranges; boundary=X
       RespProtocol HTTP/1.1
       RespStatus 206
       RespReason Partial Content
       RespUnset Content-Length: 5
       RespHeader Content-Length: 240
       Timestamp Resp
       ReqAcct 59 0 59 305 240 545
       End`,
    ],
  },
  {
    title: 'a page with ESI, whose entity-tag is a weak one',
    answer: (request) => request.answer('<p><esi:remove>a</esi:remove></p>', 'Cache-Control: max-age=10', 'ETag: "1"', DATE),
    vcl: 'sub vcl_backend_response { set beresp.do_esi = true; }',
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
       Hit 3 10.000000 0.000000 31536000.000000
       VCL_call HIT
       VCL_return deliver
       RespProtocol HTTP/1.1
       RespStatus 200
       RespReason OK
       RespHeader Cache-Control: max-age=10
       RespHeader ETag: "1"
       RespHeader Date: Thu, 01 Jan 2026 00:00:00 GMT
       RespHeader Age: 0
       RespHeader Via: 1.1 lacquer (Lacquer)
       RespHeader Cache-Status: lacquer; hit; ttl=10
       VCL_call DELIVER
       VCL_return deliver
       Timestamp Process
       RespUnset ETag: "1"
       RespHeader ETag: W/"1"
       Filters  esi
       RespHeader Transfer-Encoding: chunked
       Timestamp Resp
       ReqAcct 37 0 37 196 7 203
       End`,
    ],
  },
]

describe('transactions of answers whose head is not the stored one', () => holdTo(SCENARIOS))
