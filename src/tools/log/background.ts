import { spawn } from 'node:child_process'
import { unlinkSync, writeFileSync } from 'node:fs'
import { codeOf, OperatorError, messageOf } from '../../base/errors.ts'

/**
 * -D: the same command once more, as a process without a terminal. This one waits until that one has begun, so that what is wrong is still said
 * to whoever asked, and ends then with 0.
 */
export function goBackground(errors: Pick<NodeJS.WriteStream, 'write'>): Promise<number> {
  const child = spawn(process.execPath, [...process.execArgv, ...process.argv.slice(1)], {
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  })
  child.stderr?.on('data', (text: Buffer) => errors.write(text))
  return new Promise((resolve, reject) => {
    child.once('error', (error) => reject(new OperatorError(`-D: cannot go on in the background (${messageOf(error)})`)))
    child.once('exit', (code) => resolve(code ?? 1))
    child.once('message', () => {
      child.disconnect()
      child.stderr?.destroy()
      child.unref()
      resolve(0)
    })
  })
}

/** Was this process started by `goBackground`? */
export function isInBackground(): boolean {
  return process.send !== undefined
}

/** To whoever waits in `goBackground`: from now on there is nothing to wait for. */
export function sayBegun(): void {
  if (process.send !== undefined && process.connected) process.send('begun')
}

/** -P. Throws an OperatorError. */
export class PidFile {
  private readonly path: string

  constructor(path: string) {
    this.path = path
    try {
      writeFileSync(path, String(process.pid), { mode: 0o644 })
    } catch (error) {
      throw new OperatorError(`-P ${path}: cannot be written (${codeOf(error) ?? messageOf(error)})`)
    }
  }

  remove(): void {
    try {
      unlinkSync(this.path)
    } catch {
      // Somebody has removed it already.
    }
  }
}
