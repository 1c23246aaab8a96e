import type { Transcript } from '../admin/program.ts'
import type { Clock } from '../base/clock.ts'
import { TAG } from '../log/tags.ts'
import type { LogWriter } from '../log/writer.ts'

/** A record holds no more, whatever vsl_reclen says: of a rule text that has come as one word the rest is not looked at. */
const RECORD_MAX = 16_384

/** Varnish's ping_interval: programs wait for these records, to see that what they read goes on. */
const BEAT_MS = 3000

/** Commands and their answers as log records. */
export class CliLog implements Transcript {
  private readonly log: Pick<LogWriter, 'event'>
  private readonly clock: Clock
  private timer: NodeJS.Timeout | undefined

  constructor(log: Pick<LogWriter, 'event'>, clock: Clock) {
    this.log = log
    this.clock = clock
  }

  read(words: readonly string[]): void {
    let line = 'Rd'
    for (const word of words) {
      if (line.length > RECORD_MAX) break
      line += ` ${quoted(word.slice(0, RECORD_MAX))}`
    }
    this.log.event(TAG.CLI, line)
  }

  wrote(status: number, body: string): void {
    this.log.event(TAG.CLI, `Wr ${status} ${body.length} ${body.slice(0, RECORD_MAX)}`)
  }

  /** The workers have been started. */
  begin(): void {
    this.read(['start'])
    this.wrote(200, '')
    this.timer = setInterval(() => this.beat(), BEAT_MS).unref()
  }

  /** They have ended. */
  end(): void {
    clearInterval(this.timer)
  }

  beat(): void {
    this.clock.refresh()
    this.read(['ping'])
    this.wrote(200, `PONG ${Math.floor(this.clock.wall_ms / 1000)} 1.0`)
  }
}

/** As one word of a line. */
function quoted(word: string): string {
  if (/^[\w.,:;/@=~+*?!%^$|()[\]{}<>#&-]+$/.test(word)) return word
  return `"${word.replace(/[\\"]/g, '\\$&').replaceAll('\n', String.raw`\n`)}"`
}
