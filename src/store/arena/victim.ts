import { nextVictimRing, RING_MAIN, RING_SMALL } from '../eviction/policy.ts'
import type { Legible } from './legible.ts'
import { STATE, type Segments } from './segments.ts'

/** The oldest sealed segment of the ring whose turn it is; one that holds nothing any more goes first. -1 when there is none to be had. */
export function nextVictim(segments: Segments, legible: Legible): number {
  const oldest = [-1, -1]
  const next = [-1, -1]
  const counts = [0, 0]
  for (let segment = 0; segment < segments.count; segment++) {
    const state = segments.state(segment)
    if (state === STATE.free || state === STATE.retired) continue
    const ring = segments.ring(segment)
    counts[ring]++
    if (state !== STATE.sealed || segments.pinned(segment) || legible.isLost(segment)) continue
    if (segments.liveUnits(segment) === 0) return segment
    const known = oldest[ring]
    if (known >= 0 && segments.sequence(segment) >= segments.sequence(known)) continue
    next[ring] = known
    oldest[ring] = segment
  }
  const ring = nextVictimRing(counts[RING_SMALL], counts[RING_MAIN])
  // Its turn comes soon: until then the disk may have read it.
  if (next[ring] >= 0) legible.isReadable(next[ring], false)
  return oldest[ring] >= 0 ? oldest[ring] : oldest[1 - ring]
}
