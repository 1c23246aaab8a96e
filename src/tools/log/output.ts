import { closeSync, fstatSync, openSync, writeSync } from 'node:fs'
import { codeOf, OperatorError, messageOf } from '../../base/errors.ts'
import { harmless } from '../screen/harmless.ts'

const BUFFER_BYTES = 64 * 1024
const STDOUT = 1

/** Whoever was to read what is written has gone. */
export class OutputClosed extends Error {
  override readonly name = 'OutputClosed'
}

/**
 * Where a tool writes bytes. It waits for whoever reads them, as Varnish's tools do: a reader that is too slow is one that the log overruns, and
 * nothing is kept for it in memory.
 */
export class Output {
  private readonly buffer = Buffer.allocUnsafe(BUFFER_BYTES)
  private used = 0
  private fd: number
  private readonly file: string | undefined

  /** `file`: undefined for standard output. Throws an OperatorError. */
  constructor(file: string | undefined, append: boolean) {
    this.file = file
    this.fd = file === undefined ? STDOUT : open(file, append)
  }

  /** Nothing has been written to it yet, by whomever. */
  get isEmpty(): boolean {
    return this.used === 0 && fstatSync(this.fd).size === 0
  }

  /** Text whose characters are bytes. */
  write(text: string): void {
    if (text.length > BUFFER_BYTES - this.used) this.flush()
    if (text.length > BUFFER_BYTES) writeAll(this.fd, Buffer.from(text, 'latin1'), this.file)
    else this.used += this.buffer.write(text, this.used, 'latin1')
  }

  bytes(bytes: Uint8Array): void {
    if (bytes.length > BUFFER_BYTES - this.used) this.flush()
    if (bytes.length > BUFFER_BYTES) writeAll(this.fd, bytes, this.file)
    else {
      this.buffer.set(bytes, this.used)
      this.used += bytes.length
    }
  }

  flush(): void {
    const { used } = this
    this.used = 0
    if (used > 0) writeAll(this.fd, this.buffer.subarray(0, used), this.file)
  }

  /** Opens the file of that name, which is another one now. */
  reopen(): void {
    if (this.file === undefined) return
    this.flush()
    const old = this.fd
    this.fd = open(this.file, true)
    closeSync(old)
  }

  close(): void {
    this.flush()
    if (this.file !== undefined) closeSync(this.fd)
  }
}

/** Puts out the text, whose characters are bytes, so that no terminal obeys it, unless whoever was to read it has seen enough. */
export function print(text: string): void {
  const output = new Output(undefined, false)
  try {
    output.write(process.stdout.isTTY ? harmless(text) : text)
    output.close()
  } catch (error) {
    if (!(error instanceof OutputClosed)) throw error
  }
}

function open(file: string, append: boolean): number {
  try {
    return openSync(file, append ? 'a' : 'w', 0o644)
  } catch (error) {
    throw new OperatorError(`-w ${file}: cannot be written (${codeOf(error) ?? messageOf(error)})`)
  }
}

const PAUSE = new Int32Array(new SharedArrayBuffer(4))
const PAUSE_MS = 10

function writeAll(fd: number, bytes: Uint8Array, file: string | undefined): void {
  for (let done = 0; done < bytes.length;) {
    try {
      done += writeSync(fd, bytes, done)
    } catch (error) {
      const code = codeOf(error)
      if (code === 'EPIPE') throw new OutputClosed()
      if (code !== 'EAGAIN') throw new OperatorError(`${file ?? 'standard output'}: cannot be written (${code ?? messageOf(error)})`)
      Atomics.wait(PAUSE, 0, 0, PAUSE_MS)
    }
  }
}
