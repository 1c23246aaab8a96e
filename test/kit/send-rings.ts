import { TOGETHER_MAX } from '../../src/listen/departures.ts'
import { makeSendRing, type SendRingPlace } from '../../src/shm/send-ring.ts'

/**
 * As a worker has one of the manager; undefined where this kernel has none. It is never unmapped: what it costs is two pages and a descriptor, and a test that
 * looked at it a turn too late would end the process.
 */
export function newTestRing(): SendRingPlace | undefined {
  const place = makeSendRing(TOGETHER_MAX)
  return typeof place === 'string' ? undefined : place
}
