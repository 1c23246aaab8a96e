import type { LogRun } from '../log/run.ts'
import { runLog } from '../log/run.ts'
import { pause } from '../pause.ts'
import { Screen, type ScreenLine, type ScreenSize } from './screen.ts'

export interface LogScreen {
  /** The reading, without what it does when it rests. */
  readonly run: LogRun
  /** `is_over`: everything has been read, and there will be no more. */
  lines(size: ScreenSize, is_over: boolean): ScreenLine[]
  /** `quit`, `draw`, or undefined for a key without a meaning. */
  key(key: string): 'quit' | 'draw' | undefined
  /** Called before each drawing, and after it. */
  before?(): void
  after?(is_over: boolean): void
  interval_s(): number
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** A screen over a log that is read beside it. It stays when the log has ended, until it is left. What the reading says has a line of its own, for a while. */
export async function logScreen(session: LogScreen): Promise<number> {
  const closing = new AbortController()
  const stop = (): void => closing.abort()
  const said = new Said()
  let is_over = false
  let fault: Error | undefined
  const draw = (): void => screen.draw(said.over(session.lines(screen.size, is_over), screen.size))
  const onKey = (key: string): void => {
    const asked = session.key(key)
    if (asked === 'quit') stop()
    else if (asked === 'draw') draw()
  }
  const screen = new Screen(process.stdin, process.stdout, onKey, draw)
  for (const signal of SIGNALS) process.on(signal, stop)
  const reading = runLog({ ...session.run, complain: (line) => said.say(line), stop: closing.signal }).then(
    () => (is_over = true),
    (error: unknown) => {
      fault = error instanceof Error ? error : new Error(String(error))
      stop()
    },
  )
  try {
    while (!closing.signal.aborted) {
      session.before?.()
      draw()
      session.after?.(is_over)
      await pause(session.interval_s() * 1000, closing.signal)
    }
    await reading
  } finally {
    for (const signal of SIGNALS) process.off(signal, stop)
    screen.close()
  }
  if (fault !== undefined) throw fault
  return 0
}

/** How many drawings a line is shown for. */
const SHOWN = 5

export class Said {
  private line = ''
  private left = 0

  say(line: string): void {
    this.line = line
    this.left = SHOWN
  }

  /** In the second line, which no screen has anything in. */
  over(lines: readonly ScreenLine[], { rows }: ScreenSize): readonly ScreenLine[] {
    if (this.left === 0 || rows < 2) return lines
    this.left--
    return lines.with(1, { text: this.line, style: 'bold' })
  }
}
