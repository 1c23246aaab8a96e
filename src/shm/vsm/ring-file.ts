import { closeSync, constants, fchmodSync, ftruncateSync, openSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { OperatorError } from '../../base/errors.ts'
import { formatBytes } from '../../base/units.ts'
import { attachMapping, type FileMapping, type MappingPlace } from '../mapping.ts'
import type { Native, Outcome } from '../native.ts'
import { fileName, roundUp } from './segment-set.ts'

const MODE = 0o640
const CREATE = constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW

/**
 * The file of the log ring, mapped. All its blocks are there before the first byte is written: a page that cannot be given later would
 * end this process, and whoever reads it. It is made once in the life of a process, because there is no munmap, and lies in the set of
 * the workers' segments while there is one.
 */
export class RingFile {
  readonly mapping: FileMapping
  readonly file: string
  private readonly home: string
  /** Where it lies now. */
  private at: string

  private constructor(home: string, file: string, mapping: FileMapping) {
    this.home = this.at = home
    this.file = file
    this.mapping = mapping
  }

  /** Rejects with an OperatorError. */
  static async make(home: string, size_bytes: number, calls: Native): Promise<RingFile> {
    const file = fileName('Log')
    const path = join(home, file)
    const size = roundUp(size_bytes, calls.page_bytes)
    const fd = openSync(path, CREATE, MODE)
    try {
      fchmodSync(fd, MODE)
      ftruncateSync(fd, size)
      const address = calls.map(fd, size)
      if (typeof address === 'string') throw new OperatorError(`${home}: the log cannot be mapped into memory (${address})`)
      const mapping = attachMapping({ path, address, size_bytes: size, fd })
      const outcome = await mapping.reserve()
      if (outcome !== 0) throw new OperatorError(`${home}: ${noRoom(outcome, size_bytes)}`)
      return new RingFile(home, file, mapping)
    } catch (error) {
      closeSync(fd)
      rmSync(path, { force: true })
      throw error
    }
  }

  get place(): MappingPlace {
    return this.mapping.place
  }

  /** Into that directory. The memory is the same. Throws when somebody has removed the file. */
  moveTo(directory: string): void {
    renameSync(join(this.at, this.file), join(directory, this.file))
    this.at = directory
  }

  /** Out of it before it goes. */
  moveHome(): void {
    const from = this.at
    this.at = this.home
    if (from === this.home) return
    try {
      renameSync(join(from, this.file), join(this.home, this.file))
    } catch {
      // Somebody has removed it; the memory is there as long as we are.
    }
  }
}

function noRoom(outcome: Outcome, size_bytes: number): string {
  const size = formatBytes(size_bytes)
  if (outcome === 'ENOSPC' || outcome === 'EDQUOT')
    return `no room for the log of ${size}; make some, set -l to less, or put the work directory elsewhere with -n`
  return `no room can be had for the log of ${size} (${outcome}); put the work directory elsewhere with -n`
}
