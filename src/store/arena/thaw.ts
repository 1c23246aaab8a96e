import { COLD_LOOKS_MAX, type Disk } from './disk.ts'
import { STATE, type Segments } from './segments.ts'

/** Free segments that never wait for the disk, from the first upkeep on: one for each ring. */
export const READY = 2

/** Can so many of the free segments be written without a wait for the disk? If not, they are being read. */
export function areWritable(segments: Segments, disk: Disk | undefined, wanted: number): boolean {
  if (disk === undefined) return true
  let free = 0
  let cold = 0
  for (let segment = 0; segment < segments.count && free < wanted && cold < COLD_LOOKS_MAX; segment++) {
    if (segments.state(segment) !== STATE.free) continue
    free++
    if (!disk.isWritable(segment)) cold++
  }
  return cold === 0
}
