import { connect } from 'node:net'
import { once } from 'node:events'
import { CliClient } from '../admin/cli/client.ts'
import { codeOf, messageOf, OperatorError } from '../base/errors.ts'
import type { AdmOptions } from '../config/command-line.ts'
import { type Reach, readReach } from '../shm/vsm/arguments.ts'
import { placeOf } from '../shm/vsm/places.ts'

type Where = Pick<AdmOptions, 'at' | 'name' | 'secret' | 'timeout_s'>

/** A conversation with the one that is meant: -T says where it is, or its work directory does. Throws an OperatorError. */
export async function reach({ at, name, secret, timeout_s }: Where): Promise<{ client: CliClient; banner: string }> {
  const timeout_ms = timeout_s * 1000
  const directory = placeOf(name)
  if (at !== undefined) return CliClient.open(at, secret ?? secretOf(at.port, directory), timeout_ms)
  const told = toldBy(directory)
  if (told === undefined)
    throw new OperatorError(`nobody has the work directory ${directory}; say which with -n name, or where with -T host:port`)
  return (await local(told.socket, timeout_ms)) ?? remote(told, secret, directory, timeout_ms)
}

function toldBy(directory: string): Reach | undefined {
  try {
    return readReach(directory)
  } catch (error) {
    throw new OperatorError(`the work directory ${directory} cannot be read: ${messageOf(error)}`, { cause: error })
  }
}

/** When the one in the work directory listens there, its secret is meant. */
function secretOf(port: number, directory: string): string | undefined {
  try {
    const told = readReach(directory)
    return told?.admin.some(([, taken]) => taken === port) === true ? told.secret : undefined
  } catch {
    return undefined
  }
}

/** The owner and root need no secret. Undefined where that way is closed. */
async function local(path: string, timeout_ms: number): Promise<{ client: CliClient; banner: string } | undefined> {
  const socket = connect({ path })
  try {
    await once(socket, 'connect')
  } catch (error) {
    if (['ENOENT', 'EACCES', 'EPERM', 'ECONNREFUSED', 'EINVAL', 'ENAMETOOLONG'].includes(codeOf(error) ?? '')) return undefined
    throw new OperatorError(`${path}: ${messageOf(error)}`, { cause: error })
  }
  return CliClient.over(socket, undefined, timeout_ms)
}

async function remote({ admin, secret: theirs }: Reach, ours: string | undefined, directory: string, timeout_ms: number) {
  if (admin.length === 0) throw new OperatorError(`the one in ${directory} takes no commands from here (-T none), or has been killed`)
  const [host, port] = admin[0]
  return CliClient.open({ host, port }, ours ?? theirs, timeout_ms)
}
