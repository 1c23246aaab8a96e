import { closeSync, constants, lstatSync, openSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { codeOf } from '../../base/errors.ts'
import type { Native } from '../native.ts'
import { isAlive } from './alive.ts'
import { directoryFault } from './directory.ts'
import { DEFAULT_NAME, PID } from './places.ts'

const OWN_NAME = new RegExp(`^${DEFAULT_NAME}-([1-9]\\d*)$`)
const OPEN = constants.O_RDWR | constants.O_NOFOLLOW | constants.O_NONBLOCK

/** Directories below `base` that Lacquers have given a name of their own, and been killed: nobody else would remove them. */
export function sweep(base: string, native: Pick<Native, 'lock'>): void {
  for (const name of readdirSync(base)) {
    const pid = OWN_NAME.exec(name)?.[1]
    if (pid === undefined) continue
    try {
      const path = join(base, name)
      if (isDead(path, Number(pid), native)) rmSync(path, { recursive: true, force: true })
    } catch {
      // Somebody else sweeps, too, or it is not ours to remove.
    }
  }
}

function isDead(path: string, pid: number, native: Pick<Native, 'lock'>): boolean {
  if (directoryFault(lstatSync(path), process.geteuid?.() ?? 0) !== undefined) return false
  // Who begins just now has not locked its file yet; whose process we cannot see (of another container) has.
  if (isAlive(pid)) return false
  let fd: number
  try {
    fd = openSync(join(path, PID), OPEN)
  } catch (error) {
    return codeOf(error) === 'ENOENT'
  }
  const free = native.lock(fd) === 0
  closeSync(fd)
  return free
}
