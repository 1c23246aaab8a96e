import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { VSLHEAD1, VSLHEAD2 } from '../../src/log/format.ts'
import { TAG } from '../../src/log/tags.ts'

/**
 * How long `lacquer log` takes over a million records of a ring's dump: 26,316 hits of 38 records each, as a process from its start to its end,
 * with varnishlog beside it where it is installed. Prints the least of five, in milliseconds.
 *
 *   node bench/micro/log-query.ts
 */
const RECORDS = 1_000_000
const ROUNDS = 5
const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url))
const CLIENT = 0x40000000

const HIT: readonly (readonly [tag: keyof typeof TAG, text: string])[] = [
  ['Begin', 'req 1 rxreq'],
  ['Timestamp', 'Start: 1795377297.923555 0.000000 0.000000'],
  ['Timestamp', 'Req: 1795377297.923555 0.000000 0.000000'],
  ['VCL_use', 'boot'],
  ['ReqStart', '127.0.0.1 40656 a0'],
  ['ReqMethod', 'GET'],
  ['ReqURL', '/shop/articles/URL?page=3'],
  ['ReqProtocol', 'HTTP/1.1'],
  ['ReqHeader', 'Host: www.example.com'],
  ['ReqHeader', 'User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0'],
  ['ReqHeader', 'Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8'],
  ['ReqHeader', 'Accept-Language: de,en;q=0.5'],
  ['ReqHeader', 'Accept-Encoding: gzip'],
  ['ReqHeader', 'X-Forwarded-For: 127.0.0.1'],
  ['VCL_call', 'RECV'],
  ['VCL_return', 'hash'],
  ['VCL_call', 'HASH'],
  ['VCL_return', 'lookup'],
  ['Hit', '32770 119.989000 10.000000 0.000000'],
  ['VCL_call', 'HIT'],
  ['VCL_return', 'deliver'],
  ['RespProtocol', 'HTTP/1.1'],
  ['RespStatus', 'STATUS'],
  ['RespReason', 'OK'],
  ['RespHeader', 'Content-Type: text/html; charset=utf-8'],
  ['RespHeader', 'Cache-Control: max-age=120'],
  ['RespHeader', 'Content-Length: 1024'],
  ['RespHeader', 'Date: Sun, 22 Nov 2026 19:54:57 GMT'],
  ['RespHeader', 'X-Varnish: 5 3'],
  ['RespHeader', 'Age: 12'],
  ['VCL_call', 'DELIVER'],
  ['VCL_return', 'deliver'],
  ['Timestamp', 'Process: 1795377297.923655 0.TIME 0.000100'],
  ['Filters', ''],
  ['RespHeader', 'Connection: keep-alive'],
  ['Timestamp', 'Resp: 1795377297.923755 0.000200 0.000100'],
  ['ReqAcct', '288 0 288 229 1024 1253'],
  ['End', ''],
]

function dump(version: 2 | 3): Buffer {
  const format = version === 2 ? VSLHEAD1 : VSLHEAD2
  const parts = [Buffer.from('VSL\0', 'latin1')]
  for (let hit = 0; hit * HIT.length < RECORDS; hit++) {
    for (const [tag, text] of HIT) {
      const filled = text
        .replace('URL', String(hit % 5000))
        .replace('STATUS', hit % 100 === 0 ? '503' : '200')
        .replace('TIME', String(hit % 1_000_000).padStart(6, '0'))
      const payload = Buffer.from(`${filled}\0`, 'latin1')
      const record = Buffer.alloc(format.header_words * 4 + ((payload.length + 3) & ~3))
      record.writeUInt32LE((format.firsts[TAG[tag]] | payload.length) >>> 0, 0)
      record.writeUInt32LE(version === 2 ? (hit + 2) | CLIENT : hit + 2, 4)
      if (version === 3) record.writeUInt32LE(CLIENT, 8)
      payload.copy(record, format.header_words * 4)
      parts.push(record)
    }
  }
  return Buffer.concat(parts)
}

function least(command: string, args: readonly string[]): number {
  let best = Infinity
  for (let round = 0; round < ROUNDS; round++) {
    const started_ms = performance.now()
    const { status } = spawnSync(command, args, { stdio: 'ignore' })
    if (status !== 0) return NaN
    best = Math.min(best, performance.now() - started_ms)
  }
  return best
}

const QUESTIONS: readonly (readonly string[])[] = [
  ['-q', 'RespStatus >= 500'],
  ['-q', 'Timestamp:Process[2] > 0.9'],
  ['-q', 'ReqURL ~ "^/shop/.*/4999" and RespStatus != 200'],
  ['-g', 'request', '-q', 'ReqHeader:user-agent ~ "curl"'],
  ['-g', 'raw', '-q', 'RespStatus == 503'],
  ['-q', 'not VCL_call eq HIT'],
  [],
]

const folder = mkdtempSync(join(tmpdir(), 'lacquer-bench-'))
try {
  for (const version of [2, 3] as const) {
    const file = join(folder, `dump${version}`)
    writeFileSync(file, dump(version))
    for (const question of QUESTIONS) {
      const ours = least(process.execPath, [MAIN, 'log', '-r', file, ...question])
      const theirs = version === 2 ? least('varnishlog', ['-r', file, ...question]) : NaN
      const beside = Number.isNaN(theirs) ? '' : `, varnishlog ${theirs.toFixed(0)}`
      console.log(`vsl_version ${version}  ${(question.join(' ') || '(everything)').padEnd(62)} ${ours.toFixed(0).padStart(6)} ms${beside}`)
    }
  }
} finally {
  rmSync(folder, { recursive: true })
}
