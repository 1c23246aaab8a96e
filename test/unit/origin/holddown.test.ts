import { afterEach, describe, expect, test } from 'vitest'
import { ManualClock } from '../../../src/base/clock.ts'
import { FailureError } from '../../../src/origin/failure.ts'
import { causeOf, holddownFor } from '../../../src/origin/holddown.ts'
import { ask, closeAll, closing, OK, pipe } from './calls.ts'
import { PARAMETERS, RawOrigin, rig, specOf } from './kit.ts'

afterEach(closeAll)

describe('what is held against a backend, and how it is counted', () => {
  test.each<[string, FailureError, string, number | undefined]>([
    ['refused', new FailureError('connect', 'x', 'ECONNREFUSED'), 'fail_econnrefused', 250],
    ['no way there', new FailureError('connect', 'x', 'ENETUNREACH'), 'fail_enetunreach', 250],
    ['no port left', new FailureError('connect', 'x', 'EADDRNOTAVAIL'), 'fail_eaddrnotavail', 10_000],
    ['a socket that may not be opened', new FailureError('connect', 'x', 'EACCES'), 'fail_eacces', 10_000],
    ['a firewall', new FailureError('connect', 'x', 'EPERM'), 'fail_eacces', 10_000],
    ['too late', new FailureError('connect_timeout', 'x', 'ETIMEDOUT'), 'fail_etimedout', undefined],
    ['no such socket', new FailureError('connect', 'x', 'ENOENT'), 'fail_other', undefined],
    ['no such name', new FailureError('resolve', 'x', 'ENOTFOUND'), 'fail_other', undefined],
    ['what is no code of the system', new FailureError('connect', 'x', 'constructor'), 'fail_other', undefined],
  ])('%s', (_title, error, cause, hold_ms) => {
    expect(causeOf(error)).toBe(cause)
    expect(holddownFor(error, PARAMETERS)?.hold_ms).toBe(hold_ms)
  })

  test('0s: nothing is', () => {
    const error = new FailureError('connect', 'x', 'ECONNREFUSED')
    expect(holddownFor(error, { ...PARAMETERS, backend_remote_error_holddown: 0 })).toBeUndefined()
  })
})

test('after a refused connection none is tried for a moment, not for a pipe either; then one is', async () => {
  const clock = new ManualClock()
  const origin = new RawOrigin((socket) => socket.write(OK))
  const port = await origin.listen()
  origin.close()
  const causes: string[] = []
  const cache = rig([specOf(port)], { clock, observe: () => ({ count: () => {}, failed: (cause) => void causes.push(cause) }) })
  closing.push(cache.origin)
  expect((await ask(cache)).failure).toMatchObject({ kind: 'connect' })
  const revived = new RawOrigin((socket) => socket.write(OK))
  revived.server.listen(port, '127.0.0.1')
  closing.push(revived)
  clock.advance(249)
  expect((await ask(cache)).failure).toEqual({ kind: 'helddown', message: 'backend default: held down after ECONNREFUSED' })
  expect((await pipe(cache)).failure?.kind).toBe('helddown')
  expect(revived.sockets.length).toBe(0)
  clock.advance(2)
  expect((await ask(cache)).events).toEqual(['head 200 2', 'end ok'])
  expect(causes).toEqual(['fail_econnrefused', 'helddown', 'helddown'])
})

test('a connection that is there already is used, whatever new ones come to', async () => {
  const clock = new ManualClock()
  const origin = new RawOrigin((socket) => socket.write(OK))
  const cache = rig([specOf(await origin.listen())], { clock })
  closing.push(origin, cache.origin)
  await ask(cache)
  origin.server.close()
  // While the first is in use a second one is needed, and refused.
  expect((await pipe(cache)).failure?.kind).toBe('connect')
  expect((await ask(cache)).events).toEqual(['head 200 2', 'end ok'])
})
