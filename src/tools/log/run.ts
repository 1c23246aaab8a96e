import { SystemClock } from '../../base/clock.ts'
import { formatBytes } from '../../base/units.ts'
import { boundBacktracking } from '../../pattern/regex.ts'
import type { Deliver, ReadOptions } from '../../log/read/options.ts'
import { readTransactions } from '../../log/read/read-transactions.ts'
import { pause } from '../pause.ts'
import { PidFile, sayBegun } from './background.ts'
import { OutputClosed } from './output.ts'

export interface LogRun {
  readonly options: ReadOptions
  readonly deliver: Deliver
  /** -P */
  readonly pid_file?: string | undefined
  /** Everything that is there has been read. */
  idle?(): void
  /** SIGHUP. */
  reopen?(): void
  /** Who is told that the log was lost and found, when it is not to be standard error. */
  complain?(line: string): void
  /** Ends the reading, as SIGINT does. */
  readonly stop?: AbortSignal
}

/** How long a file takes before it is told how far it is, and how often then. */
const PROGRESS_AFTER_MS = 1000
const PROGRESS_EVERY_MS = 200

/**
 * What tools that read the log have in common: signals, progress, and the end. Resolves with the exit code when there is no more to read, when
 * that was enough, or when it is stopped.
 */
export async function runLog(run: LogRun): Promise<number> {
  boundBacktracking()
  const stop = new AbortController()
  let flush = false
  const handlers: Readonly<Record<string, () => void>> = {
    SIGINT: () => stop.abort(),
    SIGTERM: () => stop.abort(),
    SIGUSR1: () => (flush = true),
    SIGHUP: () => run.reopen?.(),
  }
  for (const [signal, handler] of Object.entries(handlers)) process.on(signal, handler)
  run.stop?.addEventListener('abort', () => stop.abort())
  const progress = new Progress()
  const pid_file = run.pid_file === undefined ? undefined : new PidFile(run.pid_file)
  try {
    await readTransactions(
      run.options,
      {
        clock: new SystemClock(),
        complain: (line) => (run.complain === undefined ? process.stderr.write(`${line}\n`) : run.complain(line)),
        begun: sayBegun,
        idle: () => run.idle?.(),
        progress: (read_bytes, total_bytes) => progress.show(read_bytes, total_bytes),
        pause: (ms) => pause(ms, stop.signal),
        stop: stop.signal,
        flushAsked: () => {
          const asked = flush
          flush = false
          return asked
        },
      },
      run.deliver,
    )
    run.idle?.()
  } catch (error) {
    // Whoever read our lines has seen enough.
    if (!(error instanceof OutputClosed)) throw error
  } finally {
    progress.clear()
    pid_file?.remove()
    for (const [signal, handler] of Object.entries(handlers)) process.off(signal, handler)
  }
  return 0
}

/** How much of a file has been read, in one line that is written over, where only people see it. */
class Progress {
  private readonly is_wanted = process.stderr.isTTY && !process.stdout.isTTY
  private due_ms = performance.now() + PROGRESS_AFTER_MS
  private is_shown = false

  show(read_bytes: number, total_bytes: number | undefined): void {
    if (!this.is_wanted || performance.now() < this.due_ms) return
    this.due_ms = performance.now() + PROGRESS_EVERY_MS
    this.is_shown = true
    const part = total_bytes === undefined ? '' : ` of ${formatBytes(total_bytes)} (${Math.floor((read_bytes / total_bytes) * 100)} %)`
    process.stderr.write(`\r\x1b[K${formatBytes(read_bytes)}${part}`)
  }

  clear(): void {
    if (this.is_shown) process.stderr.write('\r\x1b[K')
  }
}
