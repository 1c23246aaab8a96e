import { expect, test } from 'vitest'
import { ManualClock } from '../../../src/base/clock.ts'
import { defaultParameters } from '../../../src/config/parameters.ts'
import { CounterBlock } from '../../../src/counters/counters.ts'
import { Ledger } from '../../../src/shm/ledger.ts'
import { Serials } from '../../../src/shm/serial.ts'
import { Upkeep } from '../../../src/upkeep/upkeep.ts'

function scene() {
  const serials = new Serials()
  const clock = new ManualClock()
  const said: string[] = []
  const disk = { syncs: 0, outcome: 0 as 0 | string, warmed: 0 }
  const file = {
    warm: () => void disk.warmed++,
    syncLedger: (): Promise<0 | string> => {
      disk.syncs++
      return Promise.resolve(disk.outcome)
    },
  }
  const upkeep = new Upkeep({
    serials,
    ledger: new Ledger(Ledger.memory(4096), serials),
    arenas: [],
    files: [file],
    thread: 1,
    clock,
    parameters: defaultParameters(),
    counters: new CounterBlock('MAIN').values,
    warn: (message) => void said.push(message),
  })
  return { upkeep, clock, said, disk }
}

test('an index is had in memory from the beginning of the work on, and not before', async () => {
  const { upkeep, disk } = scene()
  expect(disk.warmed).toBe(0)
  upkeep.begin()
  await upkeep.stop()
  expect(disk.warmed).toBe(1)
})

test('what was added is written to the disk at the next step, once', async () => {
  const { upkeep, disk } = scene()
  upkeep.step()
  await upkeep.stop()
  const before = disk.syncs
  upkeep.bans.add('obj.status == 404')
  upkeep.bans.add('obj.status == 405')
  for (let i = 0; i < 3; i++) upkeep.step()
  await upkeep.stop()
  expect(disk.syncs - before).toBe(1)
})

test('a disk that cannot write is told of once a minute', async () => {
  const { upkeep, clock, said, disk } = scene()
  disk.outcome = 'EIO'
  for (let i = 0; i < 70; i++) {
    upkeep.bans.add(`obj.status == ${i}`)
    upkeep.step()
    await upkeep.stop()
    clock.advance(1000)
  }
  expect(said).toEqual(
    Array(2).fill(
      'the list of bans could not be written to the disk (EIO): what is banned may be back after a power loss; look at the disk',
    ),
  )
})

test('with a file completed bans stay for a minute', () => {
  const { upkeep, clock } = scene()
  upkeep.bans.add('obj.status == 404')
  clock.advance(61_000)
  for (let i = 0; i < 3; i++) upkeep.step()
  expect(upkeep.list()).toMatchObject([{ completed: true }])
  clock.advance(59_000)
  upkeep.step()
  expect(upkeep.list()).toMatchObject([{ completed: true }])
  clock.advance(2000)
  upkeep.step()
  expect(upkeep.list()).toEqual([])
})

test('a mistake of ours is told, and does not end the manager', () => {
  const { upkeep, said } = scene()
  upkeep.step = () => {
    throw new Error('oh')
  }
  expect([upkeep['carefully'](), said]).toEqual([10_000, ['bans are not worked off: oh']])
})
