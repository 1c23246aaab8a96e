import { accessSync, chmodSync, chownSync, constants, lstatSync, readFileSync, unlinkSync, type Stats } from 'node:fs'
import { connect } from 'node:net'
import { dirname } from 'node:path'
import { codeOf, messageOf, OperatorError } from '../base/errors.ts'
import type { ListenAddress } from './address.ts'

/** Makes way for a unix socket at `path`: what a dead process left is removed; refused if anything else is there. */
export async function clearUnixSocket(path: string): Promise<void> {
  const found = lookAt(path)
  if (found === undefined) return
  if (!found.isSocket()) throw refusal(path, 'there is a file that is not a socket')
  if (await accepts(path)) throw refusal(path, 'another process accepts connections there')
  try {
    unlinkSync(path)
  } catch (error) {
    throw refusal(path, `the stale socket cannot be removed: ${messageOf(error)}`)
  }
}

/** What is at `path`. libuv reports every fault of bind as EACCES, so the directory is looked at first. */
function lookAt(path: string): Stats | undefined {
  const directory = dirname(path)
  try {
    const found = lstatSync(path, { throwIfNoEntry: false })
    accessSync(directory, constants.W_OK | constants.X_OK)
    return found
  } catch (error) {
    throw refusal(path, DIRECTORY_FAULTS[codeOf(error) ?? '']?.(directory) ?? messageOf(error))
  }
}

const DIRECTORY_FAULTS: Record<string, (directory: string) => string> = {
  ENOENT: (directory) => `the directory ${directory} does not exist`,
  ENOTDIR: (directory) => `${directory} is not a directory`,
  EACCES: (directory) => `not permitted to make a socket in ${directory}`,
  EROFS: (directory) => `${directory} is read-only`,
}

function refusal(path: string, why: string): OperatorError {
  return new OperatorError(`cannot listen on ${path}: ${why}`)
}

/** Anything but a plain refusal counts as alive: it is not ours to remove. */
function accepts(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path)
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', (error) => resolve(codeOf(error) !== 'ECONNREFUSED' && codeOf(error) !== 'ENOENT'))
  })
}

/** Owner and permissions of a socket that has just been bound. */
export function applyUnixMode(path: string, options: Pick<ListenAddress, 'user' | 'group' | 'mode'>): void {
  try {
    if (options.user !== undefined || options.group !== undefined) {
      const uid = options.user === undefined ? -1 : idOf('/etc/passwd', 'user', options.user)
      const gid = options.group === undefined ? -1 : idOf('/etc/group', 'group', options.group)
      chownSync(path, uid >>> 0, gid >>> 0)
    }
    if (options.mode !== undefined) chmodSync(path, options.mode)
  } catch (error) {
    if (error instanceof OperatorError) throw error
    throw new OperatorError(`cannot set owner or mode of ${path}: ${messageOf(error)}`)
  }
}

/** Third field of the line whose first is `name`; a number stands for itself. */
export function idOf(file: string, kind: string, name: string): number {
  if (/^[0-9]{1,9}$/.test(name)) return Number(name)
  for (const line of readFileSync(file, 'utf8').split('\n')) {
    const parts = line.split(':')
    if (parts[0] === name) return Number(parts[2])
  }
  throw new OperatorError(`there is no ${kind} "${name}"`)
}
