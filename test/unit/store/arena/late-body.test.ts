import { expect, test } from 'vitest'
import { Arena } from '../../../../src/store/arena/arena.ts'
import { arenaStore } from '../../../kit/arena.ts'
import { pattern } from '../../../contract/store/fixtures.ts'
import { knownHead } from '../../../kit/known-bodies.ts'

const MIB = 2 ** 20

test('a body that outgrows its room in another worker, after it was found and before it is looked at, is there for this run and no longer', () => {
  const { handle } = Arena.inMemory(new SharedArrayBuffer(4 * MIB))
  const [theirs, ours] = [arenaStore(handle, { worker: 0 }), arenaStore(handle, { worker: 1 })]
  theirs.newRun()
  ours.newRun()
  const filling = theirs.open('id', knownHead('id', 7, -1), -1)!.body
  filling.append(pattern(1000, 1))
  const found = ours.find('id')!
  const bytes = pattern(100_000, 1)
  for (let at = 1000; !filling.windowed; at += 1000) filling.append(bytes.subarray(at % 99_000, (at % 99_000) + 1000))
  const { body } = found
  expect(body.windowed).toBe(true)
  const reader = body.read(0)
  expect(reader.next()?.subarray(0, 1000).equals(pattern(1000, 1))).toBe(true)
  reader.release()
  ours.newRun()
  expect(() => body.read(0)).toThrow(RangeError)
})
