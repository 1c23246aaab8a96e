type Lines = readonly (readonly [name: string, value: string])[]

/** A message off a connection. */
export interface Received {
  readonly start: string
  readonly lines: Lines
  readonly body: string
  /** The connection ended before the message did. */
  readonly broken: boolean
}

/** Cuts the bytes of one direction of a connection into messages: as lean as thousands of conversations a minute want it. */
export class MessageReader {
  private text = ''
  ended = false

  push(data: Buffer): void {
    this.text += data.toString('latin1')
  }

  /** The next message, undefined while it is not complete. `bodyless`: the answer to a HEAD. */
  next(bodyless = false): Received | undefined {
    const head_end = this.text.indexOf('\r\n\r\n')
    if (head_end < 0) return undefined
    const [start, ...rest] = this.text.slice(0, head_end).split('\r\n')
    const lines = rest.map((line): [string, string] => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()])
    const body_from = head_end + 4
    const framed = this.body(start, lines, body_from, bodyless)
    if (framed === undefined) return this.ended ? this.cut(this.text.length, { start, lines, body: '', broken: true }) : undefined
    return this.cut(framed.end, { start, lines, body: framed.body, broken: false })
  }

  private cut(end: number, message: Received): Received {
    this.text = this.text.slice(end)
    return message
  }

  private body(start: string, lines: Lines, from: number, bodyless: boolean): { body: string; end: number } | undefined {
    const status = /^HTTP\/1\.1 (\d{3})/.exec(start)?.[1]
    if (bodyless || status === '204' || status === '304' || status?.startsWith('1') === true) return { body: '', end: from }
    const value = (name: string): string | undefined => lines.find(([key]) => key.toLowerCase() === name)?.[1]
    if (value('transfer-encoding') !== undefined) return this.chunks(from)
    const length = value('content-length')
    if (length === undefined) return status === undefined ? { body: '', end: from } : this.rest(from)
    const end = from + Number(length)
    return end <= this.text.length ? { body: this.text.slice(from, end), end } : undefined
  }

  private rest(from: number): { body: string; end: number } | undefined {
    return this.ended ? { body: this.text.slice(from), end: this.text.length } : undefined
  }

  private chunks(from: number): { body: string; end: number } | undefined {
    let body = ''
    for (let at = from; ;) {
      const line_end = this.text.indexOf('\r\n', at)
      if (line_end < 0) return undefined
      const size = parseInt(this.text.slice(at, line_end), 16)
      const data_from = line_end + 2
      if (size === 0) return this.text.startsWith('\r\n', data_from) ? { body, end: data_from + 2 } : undefined
      if (this.text.length < data_from + size + 2) return undefined
      body += this.text.slice(data_from, data_from + size)
      at = data_from + size + 2
    }
  }
}
