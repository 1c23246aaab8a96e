import type { Duplex } from 'node:stream'

/** What Node has in its sockets, those of TLS included. */
interface WithHandle {
  readonly _handle?: { readonly fd?: number } | null
}

/** The number of a socket's file, as the log has it; -1 when it has none. */
export function descriptorOf(socket: Duplex): string {
  return String((socket as WithHandle)._handle?.fd ?? -1)
}
