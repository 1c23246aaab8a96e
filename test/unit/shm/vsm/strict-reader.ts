import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { INDEX } from '../../../../src/shm/vsm/places.ts'

/** A reader that throws where published readers abort, or see nothing. */

export interface Line {
  readonly file: string
  readonly offset: number
  readonly length: number
  readonly kind: string
  readonly ident: string
}

export class StrictReader {
  readonly head: string
  readonly live: readonly Line[]
  private readonly directory: string

  constructor(directory: string) {
    this.directory = directory
    const text = readFileSync(join(directory, INDEX), 'latin1')
    if (!text.endsWith('\n')) throw new Error('the last line is not whole')
    const [head, ...lines] = text.slice(0, -1).split('\n')
    if (!/^# \d+ \d+$/.test(head)) throw new Error(`no head: ${head}`)
    this.head = head
    const live = new Map<string, Line>()
    for (const line of lines) this.read(line, live)
    this.live = [...live.values()]
    for (const line of this.live) this.check(line)
  }

  find(kind: string, ident: string): Buffer | undefined {
    const line = this.live.find((one) => one.kind === kind && one.ident === ident)
    return line === undefined ? undefined : this.bytesOf(line)
  }

  bytesOf({ file, offset, length }: Line): Buffer {
    return readFileSync(join(this.directory, file)).subarray(offset, offset + length)
  }

  private read(line: string, live: Map<string, Line>): void {
    const fields = line.split(' ')
    if (fields.length !== 6 || line.length >= 8191) throw new Error(`not a line: ${line}`)
    const [sign, file, offset, length, kind, ident] = fields
    const rest = line.slice(2)
    if (sign === '-') return this.remove(rest, file, live)
    if (sign !== '+' || live.has(rest)) throw new Error(`not a line: ${line}`)
    if (live.size === 0 && kind === '') throw new Error('a cluster comes first')
    const cluster = Number(offset) === 0 ? undefined : [...live.values()].find((one) => one.file === file && one.kind === '')
    if (Number(offset) !== 0 && (cluster === undefined || Number(offset) + Number(length) > cluster.length))
      throw new Error(`a member outside of its cluster: ${line}`)
    live.set(rest, { file, offset: Number(offset), length: Number(length), kind, ident })
  }

  private check({ file, offset, length }: Line): void {
    const { size } = statSync(join(this.directory, file))
    if (size % 4096 !== 0 || size < offset + length) throw new Error(`${file} has ${size} bytes`)
  }

  private remove(rest: string, file: string, live: Map<string, Line>): void {
    const gone = live.get(rest)
    if (gone === undefined) throw new Error(`was not there: ${rest}`)
    live.delete(rest)
    if (gone.kind === '' && [...live.values()].some((one) => one.file === file)) throw new Error('a cluster went before its members')
  }
}
