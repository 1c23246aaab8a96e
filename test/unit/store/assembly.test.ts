import { beforeEach, describe, expect, test } from 'vitest'
import { Assembly } from '../../../src/store/assembly.ts'
import { HeapStore } from '../../../src/store/heap/store.ts'
import type { Body } from '../../../src/store/contract.ts'

let store: HeapStore

beforeEach(() => {
  store = new HeapStore({ name: 'heap', capacity_bytes: 1 << 20, transit_buffer_bytes: 1 << 20 })
})

function bodyOf(text: string, end = true): Body {
  const body = store.transit(text.length + (end ? 0 : 100))
  const hold = body.read(0)
  body.append(Buffer.from(text))
  if (end) body.complete()
  void hold
  return body
}

function readAll(reader: Assembly): string {
  let text = ''
  for (let chunk = reader.next(); chunk !== undefined; chunk = reader.next()) text += chunk.toString()
  return text
}

describe('pieces of bodies and texts read as one', () => {
  test('in their order', () => {
    const reader = new Assembly()
    reader.addText(Buffer.from('<'))
    reader.add(bodyOf('0123456789'), 2, 3)
    reader.addText(Buffer.from('|'))
    reader.add(bodyOf('abcdef'), 5, 1)
    reader.addText(Buffer.from('>'))
    expect(readAll(reader)).toBe('<234|f>')
    expect([reader.done, reader.failed]).toEqual([true, false])
    reader.release()
  })

  test('waits for what is still to come, and is woken by it', () => {
    const filling = bodyOf('01', false)
    const reader = new Assembly()
    reader.add(filling, 0, 4)
    reader.addText(Buffer.from('!'))
    expect(readAll(reader)).toBe('01')
    expect([reader.done, reader.failed]).toEqual([false, false])
    let woken = 0
    reader.onMore = () => void woken++
    filling.append(Buffer.from('23456'))
    expect(woken).toBe(1)
    expect(readAll(reader)).toBe('23!')
    expect(reader.done).toBe(true)
    reader.release()
  })

  test('a body that breaks, or ends early, is the end of all of it', () => {
    const breaks = bodyOf('01', false)
    const broken = new Assembly()
    broken.add(breaks, 0, 4)
    broken.addText(Buffer.from('!'))
    breaks.fail()
    expect(readAll(broken)).toBe('01')
    expect([broken.done, broken.failed]).toEqual([false, true])
    const short = new Assembly()
    short.add(bodyOf('01'), 0, 4)
    expect(readAll(short)).toBe('01')
    expect([short.done, short.failed]).toEqual([false, true])
  })

  test('a gap is one, too', () => {
    const reader = new Assembly()
    reader.addText(Buffer.from('a'))
    reader.addGap()
    reader.addText(Buffer.from('b'))
    expect(readAll(reader)).toBe('a')
    expect([reader.done, reader.failed]).toEqual([false, true])
    reader.release()
  })
})
