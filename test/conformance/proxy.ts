import { spawn, type ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const START_LIMIT_MS = 20_000
const STOP_LIMIT_MS = 10_000

export interface Proxy {
  base: string
  stop(): Promise<void>
}

/** Starts the product in front of an origin and waits for the line that says where it listens. */
export async function startProxy(origin_port: number): Promise<Proxy> {
  const launcher = fileURLToPath(new URL('../../bin/lacquer', import.meta.url))
  // Tests go by seconds, and a spare worker would rehearse in the middle of them.
  const flags = ['-a', '127.0.0.1:0', '-b', `127.0.0.1:${origin_port}`, '-p', 'spare_worker=off']
  const child = spawn(launcher, ['serve', ...flags], { stdio: ['ignore', 'pipe', 'pipe'] })
  return { base: `http://${await readyAt(child)}`, stop: () => stop(child) }
}

/** The first host:port in "lacquer: ready on HOST:PORT ...". */
function readyAt(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = ''
    const limit = setTimeout(() => fail(`not ready after ${START_LIMIT_MS / 1000} s`), START_LIMIT_MS)
    function fail(why: string): void {
      clearTimeout(limit)
      child.kill('SIGKILL')
      reject(new Error(`lacquer: ${why}\n${said}`))
    }
    function read(chunk: Buffer): void {
      if (said.length < 100_000) said += chunk.toString()
      const ready = /^lacquer: ready on .*?(\S+:\d+)/m.exec(said)
      if (!ready) return
      clearTimeout(limit)
      resolve(ready[1])
    }
    // Both streams are read to the end, so that the child never blocks on a full pipe.
    child.stdout?.on('data', read)
    child.stderr?.on('data', read)
    child.on('error', (error) => fail(error.message))
    child.on('exit', (code) => fail(`ended with code ${code} before it was ready`))
  })
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const limit = setTimeout(() => child.kill('SIGKILL'), STOP_LIMIT_MS)
  child.kill('SIGTERM')
  await ended
  clearTimeout(limit)
}
