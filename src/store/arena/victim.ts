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

/** Retired segments that somebody reads, perhaps slowly: they come back when he has done, and nobody can wait for that. */
export function heldSegments(segments: Segments): number {
  let held = 0
  for (let segment = 0, left = segments.retired; segment < segments.count && left > 0; segment++) {
    if (segments.state(segment) !== STATE.retired) continue
    left--
    if (segments.pinned(segment)) held++
  }
  return held
}
