import { randomInt } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { SystemClock, type Clock } from '../../base/clock.ts'
import { messageOf, OperatorError } from '../../base/errors.ts'
import { formatBytes } from '../../base/units.ts'
import type { Doorbells } from '../../shm/doorbell.ts'
import { NO_WORKER } from '../../shm/lock.ts'
import { attachMapping, openMapping, type FileMapping, type MappingPlace } from '../../shm/mapping.ts'
import type { Outcome } from '../../shm/native.ts'
import { createResidencyMemory } from '../../shm/residency.ts'
import { Disk, verifiedMemory, type DiskHandle } from './disk.ts'
import { Epochs } from './epochs.ts'
import { postingsMemory } from '../purges/postings.ts'
import { ARENA_BYTES_MAX, BUCKET_ENTRIES, geometryFor, type Geometry, HEADER_BYTES } from './geometry.ts'
import { HEADER, keepSerial } from './header.ts'
import { ArenaMemory, controlMemory, FREE_SEGMENTS, TALLY } from './memory.ts'
import { recoverWorker } from './recovery.ts'
import { reopen } from './reopen.ts'

const MAGIC = 0x4c515241
const VERSION = 6

/** What a worker needs to find its way into an arena: can be posted to a thread. */
export interface ArenaHandle {
  readonly geometry: Geometry
  readonly memory: SharedArrayBuffer | MappingPlace
  readonly control: SharedArrayBuffer
  /** Tags to objects. */
  readonly postings: SharedArrayBuffer
  /** Of one that lies in a file. */
  readonly disk: DiskHandle | undefined
}

/** What was found in a file. */
export interface Recovered {
  /** It is new. */
  readonly created: boolean
  /** The last process has ended in good order. */
  readonly clean: boolean
  readonly objects: number
  readonly bytes: number
  /** Sentences for the operator. */
  readonly remarks: readonly string[]
}

/** The manager's side of an arena: makes it, and cleans up behind workers that have died. */
export class Arena {
  readonly handle: ArenaHandle
  /** Of one in a file. */
  recovered: Recovered | undefined
  private readonly memory: ArenaMemory
  private readonly mapping: FileMapping | undefined
  /** Of a new file: as if it had not been made. */
  private undo: (() => void) | undefined

  private constructor(handle: ArenaHandle, mapping?: FileMapping) {
    this.handle = handle
    this.mapping = mapping
    const buffer = mapping === undefined ? (handle.memory as SharedArrayBuffer) : mapping.buffer
    this.memory = new ArenaMemory(handle.geometry, buffer, handle.control, NO_WORKER, handle.postings)
  }

  /** An empty arena over zeroed memory. */
  static inMemory(memory: SharedArrayBuffer): Arena {
    const geometry = geometryFor(memory.byteLength)
    const control = controlMemory(geometry)
    const arena = new Arena({ geometry, memory, control, postings: postingsFor(geometry), disk: undefined })
    arena.format()
    return arena
  }

  /** The arena in that file, with what an earlier process has left in it. Throws an OperatorError. */
  static inFile(path: string, size_bytes: number, clock: Clock): Arena {
    if (size_bytes > ARENA_BYTES_MAX)
      throw new OperatorError(`-s file,${path}: ${formatBytes(size_bytes)} is more than one store has, ${formatBytes(ARENA_BYTES_MAX)}`)
    const geometry = geometryFor(size_bytes, 'file')
    const accept = (page: Buffer): string | undefined => accepted(path, page, geometry)
    const opened = openMapping({ path, size_bytes, accept }, clock)
    const { mapping, created, remarks } = opened
    try {
      provideIndex(path, mapping, geometry)
      const boot = nextBoot(mapping, clock)
      const arena = new Arena({ geometry, memory: mapping.place, ...tables(path, geometry, created, boot, clock) }, mapping)
      arena.begin(created, remarks, boot)
      if (created) arena.undo = opened.undo
      return arena
    } catch (error) {
      opened.undo()
      throw error
    }
  }

  /** The newest invalidation that an earlier process has left in a file. */
  get serial(): number {
    return this.memory.header[HEADER.serial]
  }

  /** What the file keeps of the ledger. */
  get ledger(): Buffer | undefined {
    return this.memory.ledger
  }

  /** Header and ledger are on the disk when it resolves. */
  async syncLedger(): Promise<Outcome> {
    return this.mapping === undefined ? 0 : this.mapping.syncRange(0, HEADER_BYTES + this.memory.geometry.ledger_bytes)
  }

  /** Every lookup touches the index: it is in memory soon. To begin when the workers serve, whose start it would slow down. */
  warm(): void {
    void this.mapping?.fetch(0, this.memory.geometry.segments_at)
  }

  /** For the next process. */
  keepSerial(serial: number): void {
    keepSerial(this.memory, serial)
  }

  /** The thread of that worker has ended: what it held is given back, what it was filling is broken off. Before another takes its place. */
  workerDied(worker: number, bells: Doorbells): void {
    recoverWorker(this.memory, worker)
    bells.ringAll()
  }

  /** All workers have ended: a file is left as the next process likes to find it. Its errors are values. */
  async close(): Promise<Outcome> {
    const { mapping, memory } = this
    if (mapping === undefined) return 0
    const outcome = await mapping.sync()
    if (outcome !== 0) return outcome
    // Only when all it vouches for is on the disk.
    memory.header[HEADER.clean] = 1
    const last = await mapping.sync()
    mapping.close()
    return last
  }

  /** It was opened and nobody has used it: a file says of itself what it said before, and a new one goes. Nobody looks at its memory again. */
  leave(): void {
    const { mapping, memory, recovered } = this
    if (this.undo !== undefined) return this.undo()
    if (mapping === undefined || recovered === undefined) return
    memory.header[HEADER.clean] = recovered.clean ? 1 : 0
    mapping.close()
  }

  /** For tests: as if the process had ended just now. */
  abandon(): void {
    this.mapping?.close()
  }

  private begin(created: boolean, remarks: readonly string[], boot: number): void {
    const { memory } = this
    const { header } = memory
    const clean = header[HEADER.clean] === 1
    if (created) this.format()
    else {
      reopen(memory, boot)
      Epochs.begin(memory)
    }
    header[HEADER.clean] = 0
    header[HEADER.boot] = boot
    this.recovered = { created, clean, objects: memory.total(TALLY.objects), bytes: memory.total(TALLY.live_bytes), remarks }
  }

  private format(): void {
    const { header, general, geometry } = this.memory
    // First: a file whose header is broken off here is known for ours.
    header[HEADER.magic] = MAGIC
    header[HEADER.version] = VERSION
    header[HEADER.segment_bytes] = geometry.segment_bytes
    header[HEADER.segments] = geometry.segments
    header[HEADER.buckets] = geometry.buckets
    header[HEADER.seed] = randomInt(2 ** 31)
    header[HEADER.tag_key0] = randomInt(-(2 ** 31), 2 ** 31)
    header[HEADER.tag_key1] = randomInt(-(2 ** 31), 2 ** 31)
    header[HEADER.sum] = headerSum(header)
    general[FREE_SEGMENTS] = geometry.segments
    Epochs.begin(this.memory)
  }
}

/** `clock`: of a file, by which it is known what of it is in memory. */
export function attachArena({ geometry, memory, control, postings, disk }: ArenaHandle, worker: number, clock?: Clock): ArenaMemory {
  if (memory instanceof SharedArrayBuffer) return new ArenaMemory(geometry, memory, control, worker, postings)
  const mapping = attachMapping(memory)
  const attached = new ArenaMemory(geometry, mapping.buffer, control, worker, postings)
  if (disk !== undefined) attached.disk = new Disk(attached, mapping, disk, clock ?? new SystemClock())
  return attached
}

type Tables = Pick<ArenaHandle, 'control' | 'postings' | 'disk'>

/** What is known of a file while it is open: in memory, of which the kernel gives what is used. */
function tables(path: string, geometry: Geometry, created: boolean, boot: number, clock: Clock): Tables {
  const { total_bytes } = geometry
  try {
    const verified = created ? undefined : verifiedMemory(total_bytes)
    const disk = { boot, residency: createResidencyMemory(total_bytes, clock), verified }
    return { control: controlMemory(geometry), postings: postingsFor(geometry), disk }
  } catch (error) {
    throw new OperatorError(
      `-s file,${path}: the memory for its tables cannot be had (${messageOf(error)}); use a smaller size, or see vm.overcommit_memory`,
    )
  }
}

function postingsFor({ buckets }: Geometry): SharedArrayBuffer {
  return postingsMemory(buckets * BUCKET_ENTRIES)
}

/** By the clock, so that it is another one even if the last one never came to the disk. */
function nextBoot({ buffer }: FileMapping, clock: Clock): number {
  clock.refresh()
  const last = new Int32Array(buffer, 0, 64)[HEADER.boot]
  return Math.max(last + 1, Math.floor(clock.wall_ms / 1000)) | 0
}

function headerSum(header: Int32Array): number {
  const { magic, version, seed, segment_bytes, segments, buckets, tag_key0, tag_key1 } = HEADER
  const words = Int32Array.from([magic, version, seed, segment_bytes, segments, buckets, tag_key0, tag_key1], (word) => header[word])
  return crc32(new Uint8Array(words.buffer)) | 0
}

/** Why a file that is there cannot be used; it is kept aside then. Somebody else's file stays where it is. */
function accepted(path: string, page: Buffer, geometry: Geometry): string | undefined {
  const header = new Int32Array(64)
  page.copy(new Uint8Array(header.buffer), 0, 0, 256)
  if (header[HEADER.magic] !== MAGIC) {
    if (page.every((byte) => byte === 0)) return 'it has the size of a store but nothing in it'
    throw new OperatorError(`-s file,${path}: this file is no store of Lacquer's, and is left alone; name another`)
  }
  if (header[HEADER.version] !== VERSION)
    return `another version of Lacquer has written it (layout ${header[HEADER.version]}, this one has ${VERSION})`
  if (header[HEADER.sum] !== headerSum(header)) return 'its header is damaged'
  const { segment_bytes, segments, buckets } = geometry
  const same = header[HEADER.segment_bytes] === segment_bytes && header[HEADER.segments] === segments && header[HEADER.buckets] === buckets
  return same ? undefined : 'it was made for another size'
}

/** Header, index and table: written by every step of a store, so that there is no saying no later. */
function provideIndex(path: string, mapping: FileMapping, geometry: Geometry): void {
  const outcome = mapping.allocate(0, geometry.segments_at)
  if (outcome !== 0) throw new OperatorError(`-s file,${path}: ${allocationFailure(outcome, geometry)}`)
}

function allocationFailure(outcome: Outcome, geometry: Geometry): string {
  const mib = Math.ceil(geometry.segments_at / 2 ** 20)
  return `its file system has no ${mib} MiB for the index (${outcome}); make room there, or use a smaller size`
}
