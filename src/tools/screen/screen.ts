import { keysOf } from './keys.ts'

/** A line of a screen. `bar` is shown the other way round. */
export interface ScreenLine {
  readonly text: string
  readonly style?: 'bar' | 'bold'
}

export interface ScreenSize {
  readonly rows: number
  readonly columns: number
}

type Input = Pick<NodeJS.ReadStream, 'isTTY' | 'setRawMode' | 'on' | 'off' | 'resume' | 'pause'>
type Output = Pick<NodeJS.WriteStream, 'isTTY' | 'rows' | 'columns' | 'write' | 'writableNeedDrain' | 'on' | 'off'>

/** Can a screen be drawn here? A dumb terminal has no cursor to move. */
export function hasScreen(input: Input, output: Output, term: string | undefined): boolean {
  return input.isTTY && output.isTTY && term !== undefined && term !== '' && term !== 'dumb'
}

const ENTER = '\x1b[?1049h\x1b[?25l\x1b[H\x1b[2J'
const LEAVE = '\x1b[?25h\x1b[?1049l'
const STYLES = { bar: '\x1b[7m', bold: '\x1b[1m' } as const
const SIZE: ScreenSize = { rows: 24, columns: 80 }

/**
 * The whole of a terminal, as any has it since the VT100. Only lines that have changed are written, and none while the terminal has not taken
 * what was written before. The terminal is as it was when it is closed, or while the program is stopped.
 */
export class Screen {
  private readonly input: Input
  private readonly output: Output
  private readonly onKey: (key: string) => void
  private readonly redraw: () => void
  private shown: string[] = []

  /** `redraw`: all of it is to be drawn again. */
  constructor(input: Input, output: Output, onKey: (key: string) => void, redraw: () => void) {
    this.input = input
    this.output = output
    this.onKey = onKey
    this.redraw = redraw
    this.enter()
    output.on('resize', this.again)
    process.on('SIGCONT', this.continued)
  }

  get size(): ScreenSize {
    const { rows, columns } = this.output
    return { rows: rows > 0 ? rows : SIZE.rows, columns: columns > 0 ? columns : SIZE.columns }
  }

  /** What does not fit is cut off. */
  draw(lines: readonly ScreenLine[]): void {
    if (this.output.writableNeedDrain) return
    const { rows, columns } = this.size
    let text = ''
    for (let row = 0; row < rows; row++) {
      const line = styled(lines[row], columns)
      if (line === this.shown[row]) continue
      text += `\x1b[${row + 1};1H${line}\x1b[m\x1b[K`
      this.shown[row] = line
    }
    if (text !== '') this.output.write(text)
  }

  close(): void {
    this.output.off('resize', this.again)
    process.off('SIGCONT', this.continued)
    this.leave()
  }

  private enter(): void {
    this.input.setRawMode(true)
    this.input.resume()
    this.input.on('data', this.typed)
    this.output.write(ENTER)
    this.shown = []
  }

  private leave(): void {
    this.input.off('data', this.typed)
    this.input.setRawMode(false)
    this.input.pause()
    this.output.write(LEAVE)
  }

  private readonly typed = (data: Buffer): void => {
    for (const key of keysOf(data.toString('latin1'))) {
      if (key === 'ctrl-z') {
        this.leave()
        process.kill(process.pid, 'SIGSTOP')
      } else if (key === 'ctrl-c') process.kill(process.pid, 'SIGINT')
      else if (key === 'ctrl-l') this.again()
      else this.onKey(key)
    }
  }

  private readonly continued = (): void => {
    this.input.off('data', this.typed)
    this.enter()
    this.redraw()
  }

  private readonly again = (): void => {
    this.shown = []
    this.output.write('\x1b[2J')
    this.redraw()
  }
}

function styled(line: ScreenLine | undefined, columns: number): string {
  if (line === undefined) return ''
  const text = line.text.replaceAll(/[^ -~]/g, '.').slice(0, columns)
  if (line.style === undefined) return text.trimEnd()
  return STYLES[line.style] + (line.style === 'bar' ? text.padEnd(columns) : text.trimEnd())
}
