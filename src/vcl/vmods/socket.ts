import { socketCalls, type SocketCalls } from '../../shm/native.ts'
import type { VmodLoad } from './vmod.ts'

/** Options of sockets by their numbers on Linux, on every machine. */
export const SOL_SOCKET = 1
export const SO_PEERCRED = 17
export const SO_MAX_PACING_RATE = 47
export const IPPROTO_IP = 0
export const IP_TOS = 1
export const IPPROTO_IPV6 = 41
export const IPV6_TCLASS = 67
export const IPPROTO_TCP = 6
export const TCP_INFO = 11
export const TCP_CONGESTION = 13

const NO_CALLS: SocketCalls = { set: () => 'EBADF', get: () => 'EBADF' }

/** The calls, when rules that want them are loaded: not while tables are made, nor during a request. */
export function callsFor(load: VmodLoad, what: string): SocketCalls {
  return load.host === undefined ? NO_CALLS : socketCalls(what)
}

/** A number as the kernel reads it. */
export function word(value: number): Uint8Array {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setUint32(0, value, true)
  return bytes
}
