import type { Vmod } from './vmod.ts'

/** Modules that rule files import and whose functions need what is not there: each is refused with the reason, where it is called. */

function absent(name: string, doc: string, functions: string, why: string): Vmod {
  return { name, doc, functions: {}, unsupported: Object.fromEntries(functions.split(' ').map((one) => [one, why])) }
}

export const tcp = absent(
  'tcp',
  'Properties of TCP connections. Importing it is possible, its functions are refused.',
  'congestion_algorithm dump_info get_estimated_rtt set_socket_pace',
  'Node.js neither sets options of a TCP socket nor tells its TCP_INFO',
)

export const unix = absent(
  'unix',
  'Who is at the other end of a unix socket. Importing it is possible, its functions are refused.',
  'user group uid gid',
  "the credentials of a socket's peer cannot be asked for from Node.js; -a /path,mode=… and group=… say who may connect",
)
