import { once } from 'node:events'
import { afterEach, expect, test } from 'vitest'
import { Doorbells, type Listening } from '../../../src/shm/doorbell.ts'
import type { RingerData } from './ringer.thread.ts'
import { Thread } from './threads.ts'

const open: (Listening | Thread)[] = []
afterEach(async () => {
  for (const one of open.splice(0)) await (one instanceof Thread ? one.end() : one.close())
})

function listen(bells: Doorbells, slot: number, onRing: () => void): Listening {
  const listening = bells.listen(slot, onRing)
  open.push(listening)
  return listening
}

function thread(data: Partial<RingerData> & Pick<RingerData, 'role'>, bells: Doorbells, counts = new SharedArrayBuffer(12)): Thread {
  const one = new Thread('./ringer.thread.ts', { bells: bells.memory, counts, slot: 1, times: 0, ...data })
  open.push(one)
  return one
}

async function until(fact: () => boolean): Promise<void> {
  while (!fact()) await new Promise((resolve) => setImmediate(resolve))
}

test('rings before the listener has woken are one call, and none of them is from within ring', async () => {
  const bells = new Doorbells()
  let calls = 0
  listen(bells, 3, () => calls++)
  for (let i = 0; i < 1000; i++) bells.ring(3)
  expect(calls).toBe(0)
  await until(() => calls > 0)
  bells.ring(3)
  await until(() => calls > 1)
  expect(calls).toBe(2)
})

test('what rings while the listener is called is another call', async () => {
  const bells = new Doorbells()
  let calls = 0
  listen(bells, 0, () => {
    if (++calls < 5) bells.ring(0)
  })
  bells.ring(0)
  await until(() => calls === 5)
})

test('a bell is heard by its own slot; ringAll by all but the one that is left out', async () => {
  const bells = new Doorbells()
  const calls = [0, 0, 0]
  for (const slot of [0, 1, 2]) listen(bells, slot, () => calls[slot]++)
  bells.ring(2)
  await until(() => calls[2] === 1)
  bells.ringAll(1)
  await until(() => calls[0] === 1 && calls[2] === 2)
  expect(calls).toEqual([1, 0, 2])
})

test('a bell that was rung before anybody listened is not heard, and rings with nobody there do no harm', async () => {
  const bells = new Doorbells()
  bells.ringAll()
  let calls = 0
  listen(bells, 5, () => calls++)
  let other = 0
  listen(bells, 6, () => other++)
  bells.ring(6)
  await until(() => other === 1)
  expect(calls).toBe(0)
})

test('after close nothing is heard, also when it was rung before, and the slot can be listened on anew', async () => {
  const bells = new Doorbells()
  let first = 0
  let second = 0
  const listening = listen(bells, 1, () => first++)
  bells.ring(1)
  listening.close()
  listen(bells, 1, () => second++)
  bells.ring(1)
  await until(() => second === 1)
  expect(first).toBe(0)
})

test('a listener may close itself', async () => {
  const bells = new Doorbells()
  let calls = 0
  const listening = listen(bells, 1, () => {
    calls++
    listening.close()
  })
  bells.ring(1)
  await until(() => calls === 1)
  let other = 0
  listen(bells, 2, () => other++)
  bells.ring(1)
  bells.ring(2)
  await until(() => other === 1)
  expect(calls).toBe(1)
})

test('a thread whose event loop is idle but for a listening socket is woken', async () => {
  const bells = new Doorbells()
  const worker = thread({ role: 'listens with a socket' }, bells)
  await worker.heard('listening')
  bells.ring(1)
  await worker.heard('rung')
})

test('a listener does not keep its thread alive', async () => {
  expect(await thread({ role: 'listens' }, new Doorbells()).exited).toBe(0)
})

test('no ring is lost: what was counted before the last ring is seen, with several threads ringing at once', async () => {
  const bells = new Doorbells()
  const counts = new SharedArrayBuffer(12)
  const words = new Int32Array(counts)
  const listener = thread({ role: 'listens with a socket' }, bells, counts)
  await listener.heard('listening')
  const times = 5000
  const ringers = [thread({ role: 'rings', times }, bells, counts), thread({ role: 'rings', times }, bells, counts)]
  await Promise.all(ringers.map(({ exited }) => exited))
  while (Atomics.load(words, 1) !== 2 * times) await once(listener.worker, 'message')
  expect(Atomics.load(words, 0)).toBe(2 * times)
})

test('a thread that is rung without a pause still serves its sockets', async () => {
  const bells = new Doorbells()
  const listener = thread({ role: 'listens with a socket' }, bells)
  await listener.heard('listening')
  thread({ role: 'rings', times: 1e9 }, bells)
  await listener.heard('rung')
  listener.tell('connect')
  await listener.heard('connected')
})
