import type { ChildProcess } from 'node:child_process'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'

export interface Setting {
  readonly origin_port: number
  /** A directory in memory, gone after the run. */
  readonly directory: string
  /** Files a process may open. */
  readonly open_files: number
}

export interface Running {
  readonly child: ChildProcess
  readonly port: number
}

/**
 * A cache under test: one core, one worker or thread where it has the choice, its cache in memory, no access log, keep-alive
 * to both sides.
 */
export interface Peer {
  readonly name: string
  installed(): boolean
  start(setting: Setting): Promise<Running>
}

/** A port nobody listens on at the moment. */
export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}
