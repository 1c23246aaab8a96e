import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { folder, GIB, open } from './kit.ts'

/**
 * What the arena asks of V8 and Node, 4 GiB and more from the start of one buffer. Nothing of it is documented for such
 * offsets, and a 32-bit number somewhere would be silent.
 */

const SIZE = 6 * GIB
const AT = 5 * GIB + 8192

describe.each<[string, () => ArrayBufferLike]>([
  ['a SharedArrayBuffer', () => new SharedArrayBuffer(SIZE)],
  ['a mapped file', () => open(join(folder(), 'store'), SIZE).mapping.buffer],
])('%s', (_, make) => {
  test('views and atomics index right, also when compiled', () => {
    const buffer = make()
    const bytes = new Uint8Array(buffer)
    const words = new Int32Array(buffer)
    const numbers = new Float64Array(buffer)
    let sum = 0
    for (let i = 0; i < 200_000; i++) {
      words[AT / 4 + (i & 7)] = i
      bytes[AT + 100] = i & 127
      numbers[AT / 8 + 32] = i
      sum += words[AT / 4 + (i & 7)] + bytes[AT + 100] + numbers[AT / 8 + 32] - 2 * i - (i & 127)
    }
    expect(sum).toBe(0)
    // The same place modulo 4 GiB is untouched.
    expect(bytes.subarray(AT - 4 * GIB, AT - 4 * GIB + 512).every((byte) => byte === 0)).toBe(true)
    Atomics.store(words, AT / 4, 41)
    expect([Atomics.add(words, AT / 4, 1), Atomics.compareExchange(words, AT / 4, 42, 7), bytes[AT]]).toEqual([41, 42, 7])
    expect(new DataView(buffer).getInt32(AT, true)).toBe(7)
  })

  test('one Buffer over the whole writes, copies, compares and slices right', () => {
    const whole = Buffer.from(make() as ArrayBuffer)
    whole.write('hello world', AT, 'latin1')
    const copy = Buffer.alloc(5)
    whole.copy(copy, 0, AT + 6, AT + 11)
    Buffer.from('WORLD').copy(whole, AT + 6)
    whole.set(Buffer.from('J'), AT)
    whole.copyWithin(AT + 20, AT, AT + 11)
    whole.writeUInt32LE(0xca_fe_ba_be, AT + 40)
    expect(copy.toString()).toBe('world')
    expect(whole.toString('latin1', AT + 20, AT + 31)).toBe('Jello WORLD')
    expect(whole.subarray(AT, AT + 11).toString()).toBe('Jello WORLD')
    expect(whole.compare(Buffer.from('Jello'), 0, 5, AT, AT + 5)).toBe(0)
    expect(whole.readUInt32LE(AT + 40)).toBe(0xca_fe_ba_be)
    expect(whole.subarray(AT, AT + 50).indexOf('WORLD')).toBe(6)
  })
})
