/** What was said, by whom and when: the message of a failed conversation. */
export class Transcript {
  private readonly began_ms = performance.now()
  private readonly lines: string[] = []

  note(who: string, what: string): void {
    const at_ms = (performance.now() - this.began_ms).toFixed(1).padStart(7)
    this.lines.push(`${at_ms} ms  ${who.padEnd(6)} ${what}`)
  }

  /** Bytes sent or received, the line ends visible, long ones cut. */
  bytes(who: string, arrow: '->' | '<-', data: Buffer): void {
    const text = data.subarray(0, SHOWN_BYTES).toString('latin1')
    const cut = data.length > SHOWN_BYTES ? ` ... (${data.length} bytes)` : ''
    const rows = text.split('\r\n').map((row) => JSON.stringify(row).slice(1, -1))
    this.note(who, `${arrow} ${rows.join('\\r\\n\n' + INDENT)}${cut}`)
  }

  toString(): string {
    return this.lines.join('\n')
  }
}

const SHOWN_BYTES = 600
const INDENT = ' '.repeat(22)
