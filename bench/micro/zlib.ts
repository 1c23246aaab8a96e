import { gzipSync } from 'node:zlib'
import { type Conversion, type ConversionOwner, gunzipConversion, gzipConversion } from '../../src/flow/filters/conversion.ts'
import { gunzipNow, gzipNow, type ZlibParams } from '../../src/flow/filters/zlib.ts'

/**
 * From which size on is a body better handed to the thread pool? Microseconds for each conversion, the best of many rounds: in place, and by
 * way of the pool with nothing else to do meanwhile.
 *
 *   node bench/micro/zlib.ts
 */
const PARAMS = { gzip_level: 6, gzip_memlevel: 8, gzip_buffer: 32 * 1024 }
const ROUNDS = 20
const TIMES = 50

function page(size: number): Buffer {
  let text = ''
  for (let i = 0; text.length < size; i++) text += `<li id="${Math.imul(i, 2654435761).toString(36)}">item ${i}</li>\n`
  return Buffer.from(text.slice(0, size))
}

async function best(work: () => unknown): Promise<string> {
  let found = Infinity
  for (let round = 0; round < ROUNDS; round++) {
    const begun = process.hrtime.bigint()
    for (let i = 0; i < TIMES; i++) await work()
    found = Math.min(found, Number(process.hrtime.bigint() - begun) / TIMES / 1000)
  }
  return found.toFixed(1)
}

function through(open: (params: ZlibParams, owner: ConversionOwner) => Conversion, bytes: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    const conversion = open(PARAMS, {
      converted: (piece) => conversion.recycle(piece),
      drained: () => {},
      cameToEnd: resolve,
      broke: reject,
    })
    conversion.write(bytes)
    conversion.end()
  })
}

for (const size of [1, 4, 8, 16, 64].map((kib) => kib * 1024)) {
  const plain = page(size)
  const packed = gzipSync(plain)
  const figures = [
    await best(() => gzipNow(plain, PARAMS)),
    await best(() => through(gzipConversion, plain)),
    await best(() => gunzipNow(packed)),
    await best(() => through(gunzipConversion, packed)),
  ]
  console.log(`${size} bytes (${packed.length} packed): gzip ${figures[0]}, pool ${figures[1]}; gunzip ${figures[2]}, pool ${figures[3]}`)
}
