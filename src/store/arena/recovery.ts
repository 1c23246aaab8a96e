import { Epochs } from './epochs.ts'
import { fillsOf } from './fills.ts'
import { statusOf } from './head-codec.ts'
import { UNIT_BYTES } from './geometry.ts'
import { FAILED, FILLING, HEAD_RECORD_BYTES, OUTGROWN, Records } from './records.ts'
import { IndexTable } from './index-table.ts'
import { rowOf, TALLY, type ArenaMemory } from './memory.ts'
import { Segments, STATE } from './segments.ts'

/**
 * Cleans up behind a worker whose thread has ended, at whatever instruction. Other workers go on meanwhile. What it was filling
 * is broken off, its open segments are sealed as far as they were written, its locks, pins and announcement are given back.
 */
export function recoverWorker(memory: ArenaMemory, worker: number): void {
  const records = new Records(memory)
  const segments = new Segments(memory, new Epochs(memory))
  const index = new IndexTable(memory, records)
  Epochs.hold(memory, worker)
  memory.locks.releaseAllOf(worker)
  for (const place of fillsOf(memory, worker)) breakOff(memory, records, segments, index, place, worker)
  for (let segment = 0; segment < segments.count; segment++) {
    if (segments.owner(segment) === worker) settle(segments, segment)
    if (isLost(segments, segment)) segments.retireMember(segment)
  }
  memory.pins.fill(0, worker * segments.count, (worker + 1) * segments.count)
  Epochs.rest(memory, worker)
  memory.endLife(worker)
}

/** Nobody shall find half an object, and who follows it shall see that it has ended. */
function breakOff(memory: ArenaMemory, records: Records, segments: Segments, index: IndexTable, place: number, worker: number): void {
  // It may have died after it had set the state, and before it crossed the place off.
  if (!records.isHeadRecord(place)) return
  // It has left already, and others wait for its rest.
  if (records.stepState(place, OUTGROWN, FAILED) || !records.stepState(place, FILLING, FAILED)) return
  const row = rowOf(memory, worker)
  const entry = records.entryOf(place)
  const removed = entry >= 0 && index.removeUnlocked(entry, records.generationOf(place))
  if (removed && statusOf(memory.words, place * UNIT_BYTES + HEAD_RECORD_BYTES) !== 0) row[TALLY.objects]--
  discount(place)
  for (let extent = records.firstExtent(place); extent !== 0; extent = records.nextExtent(extent)) discount(extent)

  function discount(at: number): void {
    segments.addLive(segments.at(at), -records.unitsOf(at))
    row[TALLY.live_bytes] -= records.unitsOf(at) * UNIT_BYTES
  }
}

/** The worker that gave its object up died before it came to this member. */
function isLost(segments: Segments, segment: number): boolean {
  if (segments.state(segment) !== STATE.member) return false
  const leader = segments.leaderOf(segment)
  if (leader < 0) return false
  const state = segments.state(leader)
  return state === STATE.free || state === STATE.retired || segments.leaderOf(leader) !== leader
}

function settle(segments: Segments, segment: number): void {
  switch (segments.state(segment)) {
    case STATE.open:
      segments.seal(segment, segments.lastSequence())
      // The leader of a large object that was not finished.
      if (segments.leaderOf(segment) >= 0 && !segments.isWhole(segment)) segments.retire(segment, STATE.sealed)
      return
    case STATE.judged:
      return segments.requeue(segment, segments.ring(segment), segments.sequence(segment))
    case STATE.member: {
      const leader = segments.leaderOf(segment)
      if (leader < 0 || !segments.isWhole(leader)) segments.retireMember(segment)
    }
  }
}
