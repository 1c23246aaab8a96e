import { spawn, type ChildProcess } from 'node:child_process'
import { builtMain } from '../../kit/built.ts'

const SABOTEUR = new URL('./saboteur.ts', import.meta.url).href

/** The program as it is started for real. */
export class Instance {
  readonly child: ChildProcess
  said = ''
  port = 0
  readonly exited: Promise<number | null>

  /** `workers`: if `args` do not say how many, and not one for each core. */
  constructor(args: readonly string[], sabotage = '', workers?: number) {
    const flags = sabotage === '' ? [] : ['--import', SABOTEUR]
    const count = workers === undefined ? [] : ['-w', String(workers)]
    const command = [...flags, builtMain(), 'serve', '-a', '127.0.0.1:0', ...count, ...args]
    this.child = spawn(process.execPath, command, { env: { ...process.env, SABOTAGE: sabotage } })
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
