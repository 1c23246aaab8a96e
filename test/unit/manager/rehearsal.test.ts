import { EventEmitter } from 'node:events'
import type { Worker } from 'node:worker_threads'
import { connect } from 'node:net'
import { expect, test } from 'vitest'
import { parseCommandLine, type ServeOptions } from '../../../src/config/command-line.ts'
import { Rehearsal } from '../../../src/manager/rehearsal.ts'
import { RehearsalOrigin } from '../../../src/manager/rehearsal-origin.ts'
import { Stage } from '../../../src/manager/rehearsal-stage.ts'
import type { ManagerMessage, WorkerMessage } from '../../../src/worker/config.ts'

/** A thread that is only told things. What one does with it: test/conversations/workers/spare.test.ts. */
class Told extends EventEmitter {
  readonly messages: ManagerMessage['kind'][] = []
  postMessage(message: ManagerMessage): void {
    this.messages.push(message.kind)
    this.emit('told')
  }
}

const OPTIONS = parseCommandLine(['serve', '-b', '127.0.0.1:1', '-s', 'memory,16M']) as ServeOptions

test('a worker that cannot rehearse says why, and is left in peace', async () => {
  const thread = new Told()
  const rehearsal = new Rehearsal(thread as unknown as Worker, 10, () => {})
  const told = new Promise((resolve) => thread.once('told', resolve))
  const begun = rehearsal.begin(new Stage(OPTIONS), OPTIONS)
  await told
  expect(thread.messages).toEqual(['rehearse'])
  thread.emit('message', { kind: 'cannot_rehearse', why: 'of this' } satisfies WorkerMessage)
  await expect(begun).rejects.toThrow('of this')
  rehearsal.end()
  expect(thread.messages).toEqual(['rehearse', 'rest'])
  expect(thread.listenerCount('message')).toBe(0)
})

test('one that has been taken before it was told is not told to rehearse', async () => {
  const thread = new Told()
  const rehearsal = new Rehearsal(thread as unknown as Worker, 10, () => {})
  const begun = rehearsal.begin(new Stage(OPTIONS), OPTIONS)
  rehearsal.end()
  await begun
  expect(thread.messages).toEqual(['rest'])
})

test.each([
  ['sends a head without end', 'GET /l HTTP/1.1\r\nX: '],
  ['asks and asks, and reads nothing', 'GET /l HTTP/1.1\r\n\r\n'],
])('a stranger who %s is let go', async (_, first) => {
  const origin = new RehearsalOrigin()
  const stranger = connect(await origin.listen(), '127.0.0.1').pause()
  const ended = new Promise((resolve) => stranger.on('error', resolve).on('close', resolve))
  const send = (): void => void stranger.write(first + 'x'.repeat(1024), (error) => error ?? setImmediate(send))
  send()
  await ended
  stranger.destroy()
  origin.close()
})
