import type { Logger } from 'pino'

/** At most so many lines a second: what goes wrong a thousand times a second is not read a thousand times. */
const LINES_PER_S = 50
const STDERR = 2

/** operations_level. */
export type Level = 'info' | 'warn' | 'error'
const RANK: Readonly<Record<Level, number>> = { info: 0, warn: 1, error: 2 }

/**
 * The operations log: what a person must know, as pino's JSON lines on standard error. pino is loaded with the first
 * line, so that a start without trouble does not wait for it.
 */
export class Operations {
  private readonly level: () => Level
  private readonly logger: { ready: Promise<Logger> | undefined } = { ready: undefined }
  private second = 0
  private lines = 0
  private suppressed = 0

  /** `level`: what is below it is not told. */
  constructor(level: () => Level = () => 'info') {
    this.level = level
  }

  write(level: Level, message: string): void {
    if (RANK[level] < RANK[this.level()]) return
    const second = Math.floor(performance.now() / 1000)
    if (second !== this.second) this.turn(second)
    if (++this.lines > LINES_PER_S) this.suppressed++
    else this.put(level, message)
  }

  private turn(second: number): void {
    const { suppressed } = this
    this.second = second
    this.lines = this.suppressed = 0
    if (suppressed > 0) this.put('warn', `${suppressed} more lines were suppressed`)
  }

  protected put(level: Level, message: string): void {
    this.logger.ready ??= openLog(STDERR)
    void this.logger.ready.then((logger) => logger[level](message))
  }
}

/** pino's lines to that file descriptor. A full disk or a reader that has gone costs lines, not the cache. */
export async function openLog(fd: number): Promise<Logger> {
  const { pino } = await import('pino')
  const destination = pino.destination({ dest: fd, sync: true })
  destination.on('error', () => {})
  return pino({ name: 'lacquer' }, destination)
}
