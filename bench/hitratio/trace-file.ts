import { createReadStream } from 'node:fs'
import { basename } from 'node:path'
import { createInterface } from 'node:readline'
import { trace } from './trace.ts'
import type { Trace } from './trace.ts'

/**
 * A trace as a text file, one request a line, in the order in which they came:
 *
 *   # time key size
 *   1700000000.25 /images/logo.png 18230
 *   1700000000.31 /index.html 5120
 *
 * Three fields, separated by blanks, tabs or commas. `time`: a number, in whatever unit; it is read and not used. `key`: what
 * names the object, without blanks or commas. `size`: bytes of the response, a whole number. Empty lines, and lines that begin with
 * `#`, are skipped. A key that comes back with another size is another version: it misses, and the old one is left to be evicted.
 */
const FIELDS = /^([\d.]+)[\s,]+([^\s,]+)[\s,]+(\d{1,15})$/

export async function readTrace(path: string): Promise<Trace> {
  const lines = createInterface({ input: createReadStream(path), crlfDelay: Infinity })
  return parseTrace(basename(path), lines)
}

export async function parseTrace(name: string, lines: AsyncIterable<string> | Iterable<string>): Promise<Trace> {
  const numbers = new Map<string, number>()
  const sizes: number[] = []
  const keys: number[] = []
  let line_number = 0
  for await (const line of lines) {
    line_number++
    const text = line.trim()
    if (text === '' || text.startsWith('#')) continue
    const [, , key, size] = FIELDS.exec(text) ?? []
    if (size === undefined) throw new Error(`${name}:${line_number}: expected 'time key size', not '${text.slice(0, 80)}'`)
    const version = `${key} ${size}`
    const number = numbers.get(version) ?? numbers.size
    if (number === numbers.size) {
      numbers.set(version, number)
      // Nothing is kept for nothing: a head at least.
      sizes.push(Math.max(1, Number(size)))
    }
    keys.push(number)
  }
  if (keys.length === 0) throw new Error(`${name}: no requests in it`)
  return trace(name, Uint32Array.from(keys), (key) => sizes[key])
}
