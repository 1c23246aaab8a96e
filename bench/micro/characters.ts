/**
 * ns for the characters of a short text, put into a buffer one by one, where strings of eight sorts come by: by the method of the string, and by codeAt.
 *
 *   node bench/micro/characters.ts
 *
 * 2026-11-26, Node 26.10, load 15 (least of 8 rounds in turn): 80.1 by the method, 19.6 by codeAt. With one sort of strings both are 7.
 */
import { codeAt, lengthOf } from '../../src/base/characters.ts'

const OUT = Buffer.alloc(64)
const ROUNDS = 5_000_000

function byMethod(text: string): number {
  const { length } = text
  for (let i = 0; i < length; i++) OUT[i] = text.charCodeAt(i)
  return length
}

function byCodeAt(text: string): number {
  const length = lengthOf(text)
  for (let i = 0; i < length; i++) OUT[i] = codeAt(text, i)
  return length
}

/** In one piece, interned, as V8's source has them, in two bytes a character, and joined, flattened and not. */
function sorts(): string[] {
  const whole = Buffer.from('sequential').toString('latin1')
  const interned = Buffer.from('internme').toString('latin1')
  Reflect.has({}, interned)
  const flattened = 'aaaa' + whole
  OUT.write(flattened, 'latin1')
  return [whole, 'GET', 'cache-control', interned, flattened, 'Date', 'wide\u1234'.slice(0, 5), `joined${process.pid}`]
}

function ns(run: (text: string) => number, texts: readonly string[]): number {
  let sum = 0
  const before_ns = process.hrtime.bigint()
  for (let i = 0; i < ROUNDS; i++) sum += run(texts[i & 7])
  return sum > 0 ? Number(process.hrtime.bigint() - before_ns) / ROUNDS : 0
}

const texts = sorts()
let [method_ns, codeAt_ns] = [Infinity, Infinity]
for (let round = 0; round < 8; round++) {
  method_ns = Math.min(method_ns, ns(byMethod, texts))
  codeAt_ns = Math.min(codeAt_ns, ns(byCodeAt, texts))
}
console.log(`by the method ${method_ns.toFixed(1)} ns, by codeAt ${codeAt_ns.toFixed(1)} ns`)
