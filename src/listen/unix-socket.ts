import { chmodSync, chownSync, lstatSync, readFileSync, unlinkSync } from 'node:fs'
import { connect } from 'node:net'
import { codeOf, messageOf, OperatorError } from '../base/errors.ts'
import type { ListenAddress } from './address.ts'

/** Makes way for a unix socket at `path`: what a dead process left is removed; refused if anything else is there. */
export async function clearUnixSocket(path: string): Promise<void> {
  const found = lstatSync(path, { throwIfNoEntry: false })
  if (found === undefined) return
  if (!found.isSocket()) throw new OperatorError(`cannot listen on ${path}: there is a file that is not a socket`)
  if (await accepts(path)) throw new OperatorError(`cannot listen on ${path}: another process accepts connections there`)
  try {
    unlinkSync(path)
  } catch (error) {
    throw new OperatorError(`cannot listen on ${path}: the stale socket cannot be removed: ${messageOf(error)}`)
  }
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
