import { gunzipSync, gzipSync } from 'node:zlib'
import { GzipWalker } from '../../src/flow/filters/gzip/walker.ts'

/**
 * How fast the codes of a gzip member are walked through, beside zlib, which unpacks it: MB of the member a second, and of what it comes to,
 * the best of many rounds.
 *
 *   node bench/micro/gzip-walk.ts
 */
const ROUNDS = 30
const BYTES = 1024 * 1024

/** Of few words, which are most of it matches; and of words that hardly repeat. */
const KINDS: readonly (readonly [name: string, line: (i: number) => string])[] = [
  ['a page of rows', (i) => `<li class="item" id="${Math.imul(i, 2654435761).toString(36)}">item ${i}</li>\n`],
  ['numbers', (i) => `${Math.imul(i, 2654435761) >>> 0} ${Math.imul(i + 7, 40503) >>> 0}\n`],
]

function text(line: (i: number) => string): Buffer {
  let all = ''
  for (let i = 0; all.length < BYTES; i++) all += line(i)
  return Buffer.from(all.slice(0, BYTES))
}

function best(work: () => void): number {
  let least_s = Infinity
  for (let round = 0; round < ROUNDS; round++) {
    const begun = process.hrtime.bigint()
    work()
    least_s = Math.min(least_s, Number(process.hrtime.bigint() - begun) / 1e9)
  }
  return least_s
}

function walk(member: Buffer): void {
  const walker = new GzipWalker()
  walker.walk(member)
  if (!walker.done) throw new Error('the member was not walked through to its end')
}

function rate(bytes: number, s: number): string {
  return (bytes / 1e6 / s).toFixed(0)
}

for (const [name, line] of KINDS) {
  const plain = text(line)
  const member = gzipSync(plain)
  const times = [['walked', best(() => walk(member))] as const, ['zlib', best(() => gunzipSync(member))] as const]
  const figures = times.map(([by, s]) => `${by} ${rate(member.length, s)} MB/s of gzip, ${rate(plain.length, s)} of what it comes to`)
  console.log(`${name}, ${plain.length} bytes, ${member.length} packed: ${figures.join('; ')}`)
}
