import { spawn, type ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const SEVERAL = fileURLToPath(new URL('./several.ts', import.meta.url))
const MAIN = fileURLToPath(new URL('../../../src/main.ts', import.meta.url))
const SABOTEUR = new URL('./saboteur.ts', import.meta.url).href

/** The program as it is started for real, from its sources. */
export class Instance {
  readonly child: ChildProcess
  said = ''
  port = 0
  readonly exited: Promise<number | null>

  /** `workers`: more than one, whatever the command line allows. */
  constructor(args: readonly string[], sabotage = '', workers = 1) {
    const env = { ...process.env, SABOTAGE: sabotage, WORKERS: String(workers) }
    const flags = sabotage === '' ? [] : ['--import', SABOTEUR]
    this.child = spawn(process.execPath, [...flags, workers > 1 ? SEVERAL : MAIN, 'serve', '-a', '127.0.0.1:0', ...args], { env })
    this.exited = new Promise((resolve) => this.child.once('exit', (code) => resolve(code)))
  }

  ready(): Promise<this> {
    return new Promise((resolve, reject) => {
      const hear = (chunk: Buffer) => {
        this.said += chunk.toString()
        const ready = /^lacquer: ready on 127\.0\.0\.1:(\d+)/m.exec(this.said)
        if (ready === null) return
        this.port = Number(ready[1])
        resolve(this)
      }
      this.child.stdout?.on('data', hear)
      this.child.stderr?.on('data', hear)
      this.child.once('exit', (code) => reject(new Error(`ended with ${code}\n${this.said}`)))
    })
  }

  /** For a test that has gone wrong. */
  kill(): void {
    this.child.kill('SIGKILL')
  }
}
