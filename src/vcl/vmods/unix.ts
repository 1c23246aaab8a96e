import { readFileSync } from 'node:fs'
import type { CommonContext } from '../runtime/context.ts'
import { VclFailure } from '../runtime/failure.ts'
import { BACKEND_SUBS, bound, CLIENT_SUBS, only } from './define.ts'
import { callsFor, SO_PEERCRED, SOL_SOCKET } from './socket.ts'
import type { Vmod, VmodLoad } from './vmod.ts'

/** struct ucred: pid, uid, gid. */
const UCRED_BYTES = 12
const UID = 4
const GID = 8

/** Who is at the other end; undefined when that cannot be had, as of a client that has left. */
function credentials(load: VmodLoad, what: string, offset: number): (c: CommonContext) => number | undefined {
  const calls = callsFor(load, what)
  return (c) => {
    if (!/^[/@]/.test(c.local_endpoint)) throw new VclFailure(`${what}: the listener is no unix socket`)
    const bytes = new Uint8Array(UCRED_BYTES)
    const problem = calls.get(c.socket_fd, SOL_SOCKET, SO_PEERCRED, bytes)
    if (problem === 0) return new DataView(bytes.buffer).getUint32(offset, true)
    c.vclError(`${what}: ${problem}`, what)
    return undefined
  }
}

const bindNumber = (what: string, offset: number) => (load: VmodLoad) => {
  const ask = credentials(load, what, offset)
  return (c: CommonContext): number => ask(c) ?? -1
}

/** Names are those of the file when the rules were loaded. */
const bindName = (what: string, offset: number, file: string) => (load: VmodLoad) => {
  const ask = credentials(load, what, offset)
  const names = load.host === undefined ? new Map<number, string>() : namesIn(file)
  return (c: CommonContext): string | undefined => {
    const id = ask(c)
    const name = id === undefined ? undefined : names.get(id)
    if (id !== undefined && name === undefined) c.vclError(`${what}: ${id} is not in ${file}`, what)
    return name
  }
}

/** "name:password:number:…", a line each. */
function namesIn(file: string): Map<number, string> {
  const names = new Map<number, string>()
  for (const line of lines(file)) {
    const [name, , number] = line.split(':') as [string, string | undefined, string | undefined]
    if (number !== undefined && !names.has(Number(number))) names.set(Number(number), name)
  }
  return names
}

function lines(file: string): string[] {
  try {
    return readFileSync(file, 'utf8').split('\n')
  } catch {
    return []
  }
}

const ANYWHERE = [...CLIENT_SUBS, ...BACKEND_SUBS]

export const unix: Vmod = {
  name: 'unix',
  doc: 'Who is at the other end of a unix socket. Where the listener is none rules fail, as they do in Varnish. Names are those of /etc/passwd and /etc/group.',
  functions: {
    user: only(ANYWHERE, bound('STRING', [], 'The name of the user; unset when it has none.', bindName('unix.user()', UID, '/etc/passwd'))),
    group: only(
      ANYWHERE,
      bound('STRING', [], 'The name of the group; unset when it has none.', bindName('unix.group()', GID, '/etc/group')),
    ),
    uid: only(ANYWHERE, bound('INT', [], 'The number of the user; -1 when it is not known.', bindNumber('unix.uid()', UID))),
    gid: only(ANYWHERE, bound('INT', [], 'The number of the group; -1 when it is not known.', bindNumber('unix.gid()', GID))),
  },
  unsupported: {},
}
