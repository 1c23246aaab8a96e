import type { ParameterValues } from '../config/parameters.ts'
import { TOGETHER_MAX } from '../listen/departures.ts'
import { NoNativeError } from '../shm/native.ts'
import { closeSendRing, makeSendRing, type SendRingPlace } from '../shm/send-ring.ts'
import type { Operations } from './operations.ts'

/** For each worker what it sends through; none where the kernel, what confines us, or the operator does not have it: then each answer is a call of its own. */
export function newSendRings(workers: number, parameters: ParameterValues, operations: Operations): readonly SendRingPlace[] {
  if (!parameters.io_uring) return []
  const rings: SendRingPlace[] = []
  try {
    for (let i = 0; i < workers; i++) {
      const ring = makeSendRing(TOGETHER_MAX)
      if (typeof ring === 'string') return without(rings, ring, operations)
      rings.push(ring)
    }
  } catch (error) {
    if (!(error instanceof NoNativeError)) throw error
  }
  return rings
}

/** Containers and hardened kernels often refuse it: nothing that an operator must see to. */
function without(rings: readonly SendRingPlace[], why: string, operations: Operations): readonly SendRingPlace[] {
  for (const ring of rings) closeSendRing(ring)
  operations.write('info', `no io_uring here (${why}): each answer is sent by a system call of its own`)
  return []
}
