import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { builtMain } from '../../kit/built.ts'

const MAIN = builtMain()

/** script(1) of util-linux makes terminals. */
export const HAS_TERMINALS = spawnSync('script', ['--version']).status === 0
if (!HAS_TERMINALS) process.stderr.write('script of util-linux is not installed: the tools are not tried on a terminal\n')

/** One of our tools as a process. */
export class RunningTool {
  readonly child: ChildProcess
  out = ''
  err = ''
  readonly exited: Promise<number | null>
  private readonly waiting = new Set<() => void>()

  private constructor(command: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    this.child = spawn(command, args, { env: { ...process.env, ...env }, stdio: ['pipe', 'pipe', 'pipe'] })
    this.exited = new Promise((resolve) => this.child.once('close', (code) => resolve(code)))
    this.child.stdout?.on('data', (data: Buffer) => this.heard('out', data))
    this.child.stderr?.on('data', (data: Buffer) => this.heard('err', data))
    this.child.once('close', () => this.waiting.forEach((look) => look()))
  }

  static start(...args: readonly string[]): RunningTool {
    return new RunningTool(process.execPath, [MAIN, ...args])
  }

  /** On a terminal of that size. */
  static onTerminal(rows: number, columns: number, ...args: readonly string[]): RunningTool {
    const command = [process.execPath, MAIN, ...args].map((word) => `'${word}'`).join(' ')
    return new RunningTool('script', ['-qefc', `stty rows ${rows} cols ${columns}; ${command}`, '/dev/null'], { TERM: 'xterm' })
  }

  /** When the tool has written something, and that holds. */
  until(holds: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        if (holds()) resolve()
        else if (this.child.exitCode === null && this.child.signalCode === null) return
        else reject(new Error(`it has ended:\n${this.out}\n${this.err}`))
        this.waiting.delete(look)
      }
      this.waiting.add(look)
      look()
    })
  }

  type(keys: string): void {
    this.child.stdin?.write(keys)
  }

  /** What is on the terminal, by line from 1. */
  screen(): Map<number, string> {
    const lines = new Map<number, string>()
    for (const [, row, text] of this.out.matchAll(LINE)) lines.set(Number(row), text.replaceAll(STYLE, ''))
    return lines
  }

  private heard(where: 'out' | 'err', data: Buffer): void {
    this[where] += data.toString('latin1')
    for (const look of this.waiting) look()
  }
}

const ESCAPE = '\\x1b\\['
const LINE = new RegExp(`${ESCAPE}([0-9]+);1H(.*?)${ESCAPE}m${ESCAPE}K`, 'g')
const STYLE = new RegExp(`${ESCAPE}[0-9]*m`, 'g')
