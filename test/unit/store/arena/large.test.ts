import { expect, test } from 'vitest'
import { encodeHead } from '../../../../src/store/arena/head-codec.ts'
import type { ObjectHead } from '../../../../src/store/contract.ts'

/** Enough for V8 to optimise the code. Nothing of the memory is there before it is written to. */
const TIMES = 100_000
const SIZE_BYTES = 5 * 2 ** 30

test('heads are written to a store of more than 4 GiB, at its begin and at its end', () => {
  const memory = new SharedArrayBuffer(SIZE_BYTES)
  const bytes = Buffer.from(memory)
  const times = { t_origin_ms: 1, ttl_ms: 1, grace_ms: 1, keep_ms: 1 }
  const texts = { reason: 'OK', headText: 'HTTP/1.1 200 OK\r\n', hiddenText: undefined, tags: undefined }
  const head = Object.assign(times, texts, { xid: 1, status: 200, flags: 0, validatable: false }) as unknown as ObjectHead
  const [doubles, words, tags] = [new Float64Array(memory), new Int32Array(memory), new Int32Array(0)]
  for (const at of [4096, SIZE_BYTES - 4096]) {
    for (let i = 0; i < TIMES; i++) encodeHead(bytes, doubles, words, at, 'id', head, 1, 1, tags)
    expect(bytes.toString('latin1', at, at + 256)).toContain('idOKHTTP/1.1 200 OK\r\n')
  }
})
