import { spawn, spawnSync } from 'node:child_process'
import type { ChildProcess, SpawnOptions } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { availableParallelism } from 'node:os'

/** The server under test has one core to itself; origin and load share the other. */
export const SERVER_CORE = 0
export const LOAD_CORE = 1
/** A core's number, or wherever the kernel puts it, as an operator starts it. */
export type Core = number | 'any'

const TICKS_PER_SECOND = 100
const started = new Set<ChildProcess>()

export function installed(command: string): boolean {
  return spawnSync('sh', ['-c', `command -v ${command}`]).status === 0
}

/** As many files as we are allowed to open; what a process inherits is often 1024. */
const RAISE = 'ulimit -n "$(ulimit -Hn)" 2>/dev/null; exec "$@"'
/** More than any scenario needs, less than a peer would allocate for an unlimited number. */
const OPEN_FILES_MAX = 24_000

export function openFiles(): number {
  const hard = Number(spawnSync('sh', ['-c', 'ulimit -Hn']).stdout.toString())
  return Math.min(Number.isNaN(hard) ? OPEN_FILES_MAX : hard, OPEN_FILES_MAX)
}

export const pinning = installed('taskset') && availableParallelism() > 1

/** Starts a command on a core, as the leader of a group that ends with this process. */
export function start(core: Core, command: string, arguments_: readonly string[], options: SpawnOptions = {}): ChildProcess {
  const pinned = core !== 'any' && pinning
  const child = spawn('sh', ['-c', RAISE, 'sh', ...(pinned ? ['taskset', '-c', String(core)] : []), command, ...arguments_], {
    stdio: ['ignore', 'pipe', 'pipe'],
    ...options,
    detached: true,
  })
  started.add(child)
  child.on('error', () => started.delete(child))
  child.on('exit', () => started.delete(child))
  return child
}

export function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve()
  return new Promise((resolve) => {
    const hurry = setTimeout(() => kill(child, 'SIGKILL'), 3000)
    child.once('exit', () => {
      clearTimeout(hurry)
      kill(child, 'SIGKILL')
      resolve()
    })
    kill(child, 'SIGTERM')
  })
}

/** The group: peers fork. */
function kill(child: ChildProcess, signal: NodeJS.Signals): void {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, signal)
  } catch {
    // Already gone.
  }
}

process.on('exit', () => {
  for (const child of started) kill(child, 'SIGKILL')
})
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => process.exit(130))

/** Runs a command to its end and gives its output; bounded. */
export function run(core: Core, command: string, arguments_: readonly string[], limit_ms: number): Promise<string> {
  const child = start(core, command, arguments_)
  let text = ''
  let errors = ''
  child.stdout!.on('data', (chunk: Buffer) => (text += chunk.toString()))
  child.stderr!.on('data', (chunk: Buffer) => (errors += chunk.toString()))
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => kill(child, 'SIGKILL'), limit_ms)
    child.on('error', reject)
    child.on('close', (code) => {
      clearTimeout(late)
      if (code === 0) resolve(text)
      else reject(new Error(`${command} ended with ${code ?? 'a signal'} (limit ${limit_ms} ms): ${errors || text}`))
    })
  })
}

/** Resolves when something accepts on the port. */
export async function listening(port: number, child: ChildProcess, limit_ms = 10_000): Promise<void> {
  const end_ms = performance.now() + limit_ms
  while (performance.now() < end_ms) {
    if (child.exitCode !== null) throw new Error(`${child.spawnargs.join(' ')} ended with ${child.exitCode}`)
    if (await accepts(port)) return
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  throw new Error(`nothing listens on port ${port}`)
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.on('connect', () => resolve(true)).on('error', () => resolve(false))
    socket.on('connect', () => socket.destroy())
  })
}

/** The process and all that descend from it, without those that have ended. */
export function tree(pid: number): number[] {
  const children = new Map<number, number[]>()
  for (const name of readdirSync('/proc')) {
    const stat = /^\d+$/.test(name) ? statOf(Number(name)) : undefined
    if (stat === undefined) continue
    const parent = Number(stat[1])
    children.set(parent, [...(children.get(parent) ?? []), Number(name)])
  }
  const found = [pid]
  for (let i = 0; i < found.length; i++) found.push(...(children.get(found[i]) ?? []))
  return found
}

/** Fields of /proc/PID/stat from the third on: state, parent, ... (proc(5)). The process's own times include all its threads. */
function statOf(pid: number): string[] | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1')
    return text.slice(text.lastIndexOf(')') + 2).split(' ')
  } catch {
    return undefined
  }
}

/** User and system time of the tree so far. */
export function cpu_us(pid: number): number {
  let ticks = 0
  for (const one of tree(pid)) {
    const stat = statOf(one)
    if (stat !== undefined) ticks += Number(stat[11]) + Number(stat[12])
  }
  return (ticks / TICKS_PER_SECOND) * 1e6
}

/** VmRSS or VmHWM (the highest so far) of the tree. */
export function memory_bytes(pid: number, field: 'VmRSS' | 'VmHWM'): number {
  let kib = 0
  for (const one of tree(pid)) {
    try {
      const line = new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(readFileSync(`/proc/${one}/status`, 'latin1'))
      kib += Number(line?.[1] ?? 0)
    } catch {
      // Ended meanwhile.
    }
  }
  return kib * 1024
}
