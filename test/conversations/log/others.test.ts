import { describe } from 'vitest'
import { cacheable, holdTo, type Scenario } from './told.ts'

const SCENARIOS: readonly Scenario[] = [
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
       VCL_return deliver
       Timestamp Process
       RespHeader Content-Length: 151
       Filters
       Timestamp Resp
       ReqAcct 37 0 37 138 151 289
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
       BackendOpen FD default 127.0.0.1 PORT 127.0.0.1 PORT connect
       Timestamp Bereq
       BackendClose FD default close Piped transaction
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
       BogoHeader Whitespace before the colon
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
       BackendOpen FD default 127.0.0.1 PORT 127.0.0.1 PORT connect
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
       BackendClose FD default recycle
       Timestamp BerespBody
       Length 5
       BereqAcct 79 0 79 102 5 107
       End`,
    ],
  },
]

describe('transactions of what is no ordinary request', () => holdTo(SCENARIOS))
