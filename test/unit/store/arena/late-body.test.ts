import { expect, test } from 'vitest'
import { Doorbells } from '../../../../src/shm/doorbell.ts'
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

test('a body that outgrows its room while only other workers read it goes on for them', async () => {
  const { handle } = Arena.inMemory(new SharedArrayBuffer(4 * MIB))
  const bells = new Doorbells()
  const [theirs, ours] = [arenaStore(handle, { worker: 0, bells }), arenaStore(handle, { worker: 1, bells })]
  theirs.newRun()
  ours.newRun()
  const filling = theirs.open('id', knownHead('id', 7, -1), -1)!.body
  let deserted = false
  filling.onDeserted = () => (deserted = true)
  const reader = ours.find('id')!.body.read(0)
  let sent_bytes = 0
  for (; !filling.windowed; sent_bytes += 1000) filling.append(pattern(1000, sent_bytes))
  expect(deserted).toBe(false)
  ours.newRun()
  ours.rung()
  filling.append(pattern(1000, sent_bytes))
  filling.complete()
  const pieces: Buffer[] = []
  await new Promise<void>((resolve) => {
    const take = (): void => {
      for (let piece = reader.next(); piece !== undefined; piece = reader.next()) pieces.push(Buffer.from(piece))
      if (reader.done || reader.failed) resolve()
    }
    reader.onMore = take
    take()
  })
  expect(reader.done).toBe(true)
  const all = Buffer.concat(pieces)
  expect(all.length).toBe(sent_bytes + 1000)
  for (let at = 0; at < all.length; at += 1000) expect(all.subarray(at, at + 1000).equals(pattern(1000, at))).toBe(true)
  reader.release()
})
