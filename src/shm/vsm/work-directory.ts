import { randomBytes } from 'node:crypto'
import { closeSync, constants, fchmodSync, openSync, readdirSync, rmdirSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { messageOf, OperatorError, outOfFiles } from '../../base/errors.ts'
import { type Native, native } from '../native.ts'
import { makeDirectory } from './directory.ts'
import { HeldError, PidFile } from './pid-file.ts'
import { baseDirectories, CHILD, DEFAULT_NAME, MGT, PID, placesFor, SECRET, SOCKET, type Surroundings, surroundings } from './places.ts'
import { RingFile } from './ring-file.ts'
import { SegmentSet, write } from './segment-set.ts'
import { sweep } from './sweep.ts'

/**
 * The directory in which tools find a running Lacquer: the indices and files of its shared memory, its process id and its secret, as
 * varnishd lays them out. It is ours alone while we live, and what a dead process has left in it goes.
 */

const MODE = 0o755
/** Of a base directory in a place that others use, too. */
const PRIVATE_MODE = 0o700
const MGT_MODE = 0o755
const CHILD_MODE = 0o750
const SECRET_MODE = 0o640
const SECRET_BYTES = 256
const CREATE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW

export interface WorkDirectoryRequest {
  /** -n */
  readonly name: string | undefined
  readonly wall_s: number
}

export class WorkDirectory {
  readonly path: string
  /** The manager's segments: there as long as the process. */
  readonly mgt: SegmentSet
  /** The log, where there is room for it. */
  ring: RingFile | undefined
  /** It is a name of our own, because somebody else has the default one. */
  readonly own_name: boolean
  /** Why it is not in a better place. */
  passed_over: string | undefined
  /** The workers' segments, while workers run. */
  child: SegmentSet | undefined
  private readonly pid: PidFile

  private constructor(path: string, pid: PidFile, own_name: boolean, { wall_s }: WorkDirectoryRequest) {
    this.path = path
    this.pid = pid
    this.own_name = own_name
    clean(path)
    this.mgt = new SegmentSet(join(path, MGT), MGT_MODE, Math.floor(wall_s))
  }

  /** Throws a HeldError or another OperatorError, after which nothing of ours is left. */
  static take(path: string, request: WorkDirectoryRequest, own_name = false): WorkDirectory {
    const calls = systemCalls()
    const made = makeDirectory(path, MODE)
    let pid: PidFile | undefined
    try {
      pid = PidFile.take(join(path, PID), calls, `-n ${path}`)
      return new WorkDirectory(path, pid, own_name, request)
    } catch (error) {
      if (pid !== undefined) clean(path)
      pid?.remove()
      if (made) removeIfEmpty(path)
      throw asOperatorError(path, error)
    }
  }

  /** As -n says; without it in a place that is free. Throws an OperatorError when there is none. */
  static open(request: WorkDirectoryRequest, from: Surroundings = surroundings()): WorkDirectory {
    const { name } = request
    if (name?.startsWith('/') === true) return WorkDirectory.take(name, request)
    let fault: unknown
    const bases = baseDirectories(from)
    for (const [i, place] of placesFor(name, from).entries()) {
      try {
        makeDirectory(bases[i], bases[i].startsWith('/run/') && from.uid === 0 ? MODE : PRIVATE_MODE, from.uid)
        const taken = name === undefined || name === '' ? takeDefault(place, request) : WorkDirectory.take(place, request)
        if (fault !== undefined) taken.passed_over = messageOf(fault)
        return taken
      } catch (error) {
        if (error instanceof HeldError) throw error
        fault ??= error
      }
    }
    throw fault
  }

  /** Memory for the log. Rejects with an OperatorError. */
  async makeRing(size_bytes: number): Promise<RingFile> {
    try {
      this.ring = await RingFile.make(this.path, size_bytes, systemCalls())
      return this.ring
    } catch (error) {
      throw asOperatorError(this.path, error)
    }
  }

  /** Workers are about to begin. */
  begin(wall_s: number): SegmentSet {
    const child = new SegmentSet(join(this.path, CHILD), CHILD_MODE, Math.floor(wall_s))
    this.child = child
    return child
  }

  /** The log can be read: after the counters, as varnishd has it. Throws when somebody has removed its file. */
  publishLog(): void {
    const { child, ring } = this
    if (child === undefined || ring === undefined) return
    ring.moveTo(child.path)
    child.adopt('Log', 'Log', ring.file, ring.place.fd, ring.place.size_bytes)
  }

  /** Workers have ended. */
  end(): void {
    if (this.child === undefined) return
    this.ring?.moveHome()
    this.child.close(this.pid.isThere)
    this.child = undefined
  }

  /** Makes the secret of the admin port; its path. */
  makeSecret(): string {
    const path = join(this.path, SECRET)
    const fd = openSync(path, CREATE, SECRET_MODE)
    fchmodSync(fd, SECRET_MODE)
    write(fd, randomBytes(SECRET_BYTES), 0)
    closeSync(fd)
    return path
  }

  /** For tools and the next one: nobody is here. The memory stays, for threads that still end. */
  close(): void {
    // Somebody may have removed it, and another made his in its place.
    const ours = this.pid.isThere
    this.mgt.close(ours)
    if (ours) clean(this.path)
    this.pid.remove()
    if (this.own_name) removeIfEmpty(this.path)
  }
}

/** Throws a NoNativeError. */
function systemCalls(): Native {
  return native('the work directory', 'do without the tools that read it')
}

/** The default directory, or a name of our own beside it: who starts a second one without -n is not refused. */
function takeDefault(place: string, request: WorkDirectoryRequest): WorkDirectory {
  const base = dirname(place)
  sweep(base, systemCalls())
  try {
    return WorkDirectory.take(place, request)
  } catch (error) {
    if (!(error instanceof HeldError)) throw error
    return WorkDirectory.take(join(base, `${DEFAULT_NAME}-${process.pid}`), request, true)
  }
}

/** Everything of ours but the lock. */
function clean(path: string): void {
  for (const name of [MGT, CHILD, SECRET, SOCKET]) rmSync(join(path, name), { recursive: true, force: true })
  for (const name of readdirSync(path)) if (/^_\.Log\.[0-9a-f]{16}$/.test(name)) rmSync(join(path, name), { force: true })
}

function removeIfEmpty(path: string): void {
  try {
    rmdirSync(path)
  } catch {
    // Somebody else has put something there.
  }
}

/** For the person who started it; `error` as it is, when it is for them already. */
export function asOperatorError(path: string, error: unknown): OperatorError {
  if (error instanceof OperatorError) return error
  return new OperatorError(`work directory ${path}: ${messageOf(error)}; ${outOfFiles(error) ?? 'name another with -n'}`, { cause: error })
}
