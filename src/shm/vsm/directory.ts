import { chmodSync, lstatSync, mkdirSync, type Stats } from 'node:fs'
import { dirname } from 'node:path'
import { codeOf, messageOf, OperatorError } from '../../base/errors.ts'

/**
 * Makes directories that nobody else can put files into. What lies in them is trusted, and read by root: somebody else's directory of
 * that name, or a link to one, is refused.
 */

const EVERYBODY_MAY_WRITE = 0o002

/** Makes it if it is not there (its parent has to be); true when it did. Throws an OperatorError. */
export function makeDirectory(path: string, mode: number, uid = process.geteuid?.() ?? 0): boolean {
  const made = tryMake(path, mode)
  const fault = directoryFault(lstatSync(path), uid)
  if (fault !== undefined) throw new OperatorError(`${path}: ${fault}`)
  return made
}

function tryMake(path: string, mode: number): boolean {
  try {
    mkdirSync(path, mode)
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false
    throw new OperatorError(`${path}: ${makeFault(path, error)}`, { cause: error })
  }
  // Whatever umask says: other users' tools may read what they are permitted to.
  chmodSync(path, mode)
  return true
}

function makeFault(path: string, error: unknown): string {
  switch (codeOf(error)) {
    case 'ENOENT':
    case 'ENOTDIR':
      return `there is no directory ${dirname(path)}; make it first`
    case 'EACCES':
    case 'EPERM':
      return `not permitted to make a directory in ${dirname(path)}`
    case 'EROFS':
      return `${dirname(path)} is on a file system that is read only`
    case 'ENOSPC':
      return `no space is left for it in ${dirname(path)}`
    default:
      return `cannot be made: ${messageOf(error)}`
  }
}

/** Why that directory is not to be used, or undefined. */
export function directoryFault(stats: Stats, uid: number): string | undefined {
  if (stats.isSymbolicLink()) return 'is a symbolic link; name the directory it points to'
  if (!stats.isDirectory()) return 'is not a directory'
  if (stats.uid !== uid && stats.uid !== 0) return `belongs to another user (${stats.uid}), who could replace what lies in it; use another`
  if ((stats.mode & EVERYBODY_MAY_WRITE) !== 0) return 'everybody may write to it and replace what lies in it; use another, or chmod o-w'
  return undefined
}
