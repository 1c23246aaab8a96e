import { fileURLToPath } from 'node:url'
import { type Core, listening, SERVER_CORE, start } from '../processes.ts'
import type { Peer, Running } from './peer.ts'

const PROGRAM = fileURLToPath(new URL('../../../bin/lacquer', import.meta.url))
const READY = /^lacquer: ready on \S*?:(\d+)/m
const START_LIMIT_MS = 15_000

/** From the spawn to the ready line. */
export interface Started extends Running {
  readonly ready_ms: number
}

export function startLacquer(origin_port: number, more: readonly string[], core: Core = SERVER_CORE): Promise<Started> {
  return startServe(['-b', `127.0.0.1:${origin_port}`, ...more], core)
}

/** `what`: -b or -f, and what else there is. */
export function startServe(what: readonly string[], core: Core = SERVER_CORE): Promise<Started> {
  const began_ms = performance.now()
  // What a spare worker does once, seconds after the start, is no part of what requests cost.
  const child = start(core, PROGRAM, ['serve', '-a', '127.0.0.1:0', '-p', 'spare_worker=off', ...what])
  return new Promise((resolve, reject) => {
    let said = ''
    const late = setTimeout(() => reject(new Error(`lacquer is not ready after ${START_LIMIT_MS} ms: ${said}`)), START_LIMIT_MS)
    const hear = (chunk: Buffer): void => {
      said += chunk.toString()
      const ready = READY.exec(said)
      if (ready === null) return
      clearTimeout(late)
      child.stdout!.off('data', hear).resume()
      resolve({ child, port: Number(ready[1]), ready_ms: performance.now() - began_ms })
    }
    child.stdout!.on('data', hear)
    child.stderr!.on('data', (chunk: Buffer) => (said += chunk.toString()))
    child.once('exit', (code) => reject(new Error(`lacquer ended with ${code}: ${said}`)))
  })
}

export const lacquer: Peer = {
  name: 'lacquer',
  installed: () => true,
  async start(setting) {
    const running = await startLacquer(setting.origin_port, ['-w', '1', '-s', 'memory,256M', '-p', 'timeout_idle=300'])
    await listening(running.port, running.child)
    return running
  },
}
