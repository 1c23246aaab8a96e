/**
 * ns per request head parsed, for a 51-byte request (wrk's) and a browser's of ten times the size: with field lines that came before
 * (src/http/known-blocks.ts), and with ones that never do.
 *
 *   node bench/micro/http-parse.ts
 *
 * 2026-11-23, Node 26.10, 2 shared cores of a VM under load from other work (best of 5 x 1e6): 51 bytes 280 ns, 514 bytes 1230 ns, response
 * head 515 ns. Of the 51-byte figure about 100 ns is the one latin1Slice, 50 ns the byte loops, 50 ns the slices.
 */
import { RequestHead } from '../../src/http/message.ts'
import { RequestParser } from '../../src/http/parse.ts'
import { responseHeadText } from '../../src/http/write.ts'
import { ResponseHead } from '../../src/http/message.ts'

const SMALL = 'GET /objects/001 HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n\r\n'

const BROWSER = [
  'GET /static/css/main.3f2a9c.css?v=20261122 HTTP/1.1',
  'Host: www.example.com',
  'User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
  'Accept: text/css,*/*;q=0.1',
  'Accept-Language: en-GB,en;q=0.7,de;q=0.3',
  'Accept-Encoding: gzip, deflate, br, zstd',
  'Referer: https://www.example.com/articles/2026/11/22/a-page',
  'Connection: keep-alive',
  'Cookie: session=1f0c9d3e5b7a4c6d0f9e8d7c; theme=dark; lang=en',
  'Sec-Fetch-Dest: style',
  'Sec-Fetch-Mode: no-cors',
  'Sec-Fetch-Site: same-origin',
  'Priority: u=2',
  '',
  '',
].join('\r\n')

function measure(name: string, rounds: number, run: () => void): void {
  for (let i = 0; i < rounds / 5; i++) run()
  let best_ns = Infinity
  for (let repeat = 0; repeat < 5; repeat++) {
    const before_ns = process.hrtime.bigint()
    for (let i = 0; i < rounds; i++) run()
    best_ns = Math.min(best_ns, Number(process.hrtime.bigint() - before_ns) / rounds)
  }
  console.log(name.padEnd(32) + best_ns.toFixed(0).padStart(8) + ' ns')
}

const parser = new RequestParser({ http_req_size: 32 * 1024, http_req_hdr_len: 8 * 1024, http_max_hdr: 64 })
const head = new RequestHead()
const read_buffer = Buffer.alloc(64 * 1024)
let consumed = 0

for (const text of [SMALL, BROWSER]) {
  const size_bytes = read_buffer.write(text, 'latin1')
  measure(`parse ${size_bytes} bytes`, 1e6, () => {
    consumed += parser.parse(read_buffer, 0, size_bytes, head)
  })
}

/** A client that never says the same twice: eight digits of its Cookie count. */
const COUNTED = BROWSER.replace('session=1f0c9d3e', 'session=00000000')
const counted_bytes = read_buffer.write(COUNTED, 'latin1')
const digits_at = COUNTED.indexOf('session=') + 'session='.length
let count = 0
measure('the same, never repeated', 1e6, () => {
  let rest = ++count
  for (let at = digits_at + 7; at >= digits_at; at--, rest = (rest / 10) | 0) read_buffer[at] = 48 + (rest % 10)
  consumed += parser.parse(read_buffer, 0, counted_bytes, head)
})
if (consumed <= 0) throw new Error('a request was refused: ' + parser.refusal?.reason)

const response = new ResponseHead()
response.status = 200
for (const line of [
  'Content-Type: text/html; charset=utf-8',
  'Content-Length: 1024',
  'Cache-Control: public, max-age=3600',
  'ETag: "5f2a9c"',
  'Last-Modified: Sun, 22 Nov 2026 10:00:00 GMT',
  'Date: Mon, 23 Nov 2026 10:00:00 GMT',
  'Age: 12',
  'Via: 1.1 lacquer',
])
  response.fields.append(line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2))
measure('response head, 8 fields', 1e6, () => {
  consumed += responseHeadText(response).length
})
