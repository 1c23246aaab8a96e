import { connect, type Socket } from 'node:net'
import { asBytes } from '../../base/bytes.ts'
import { messageOf, OperatorError } from '../../base/errors.ts'
import type { HostPort } from '../../config/addresses.ts'
import { STATUS } from '../fault.ts'
import { HEAD_BYTES, readHead } from './framing.ts'
import { readSecret, responseTo } from './secret.ts'
import { quotedWord } from './tokens.ts'

export interface CliAnswer {
  readonly status: number
  /** Bytes, as latin1. */
  readonly body: string
}

/** Answers come in the order of commands. */
export class CliClient {
  private readonly socket: Socket
  private readonly timeout_ms: number
  private input = ''
  private fault: string | undefined
  private waiting: (() => void) | undefined

  private constructor(socket: Socket, timeout_ms: number) {
    this.socket = socket
    this.timeout_ms = timeout_ms
    socket.on('data', (data) => {
      this.input += data.toString('latin1')
      this.waiting?.()
    })
    socket.on('error', (error) => this.failed(messageOf(error)))
    socket.on('close', () => this.failed('the connection was closed'))
  }

  /** Says who it is, where it is asked. Resolves with the banner. Throws an OperatorError. */
  static async open(at: HostPort, secret: string | undefined, timeout_ms: number): Promise<{ client: CliClient; banner: string }> {
    return CliClient.over(connect({ host: at.host ?? 'localhost', port: at.port }).setNoDelay(), secret, timeout_ms)
  }

  /** On a connection that there is, whoever has made it (-M). */
  static async over(socket: Socket, secret: string | undefined, timeout_ms: number): Promise<{ client: CliClient; banner: string }> {
    const client = new CliClient(socket, timeout_ms)
    const hello = await client.answer()
    if (hello.status === STATUS.ok) return { client, banner: hello.body }
    if (hello.status !== STATUS.auth) throw client.ended(`it says ${hello.status}`)
    if (secret === undefined) throw client.ended('it asks for a secret: name the file with -S')
    const [challenge] = hello.body.split('\n', 1)
    const { status, body } = await client.ask(['auth', responseTo(challenge, readSecret(secret))])
    if (status !== STATUS.ok) throw client.ended('the secret is wrong, or too many wrong ones came from here')
    return { client, banner: body }
  }

  /** Words as they are, whatever they hold. */
  ask(words: readonly string[]): Promise<CliAnswer> {
    return this.line(words.map((word) => quotedWord(asBytes(word))).join(' '))
  }

  /** A line as somebody has typed it. */
  line(text: string): Promise<CliAnswer> {
    this.socket.write(`${text}\n`, 'latin1')
    return this.answer()
  }

  close(): void {
    this.socket.destroy()
  }

  private async answer(): Promise<CliAnswer> {
    const limit = setTimeout(() => this.failed(`no answer for ${this.timeout_ms / 1000} s`), this.timeout_ms)
    try {
      for (;;) {
        const whole = this.taken()
        if (whole !== undefined) return whole
        if (this.fault !== undefined) throw this.ended(this.fault)
        await new Promise<void>((resolve) => (this.waiting = resolve))
      }
    } finally {
      clearTimeout(limit)
    }
  }

  private taken(): CliAnswer | undefined {
    if (this.input.length < HEAD_BYTES) return undefined
    const head = readHead(this.input.slice(0, HEAD_BYTES))
    if (head === undefined) throw this.ended('what is there does not speak the admin protocol')
    const end = HEAD_BYTES + head.length
    if (this.input.length <= end) return undefined
    const body = this.input.slice(HEAD_BYTES, end)
    this.input = this.input.slice(end + 1)
    return { status: head.status, body }
  }

  private failed(why: string): void {
    this.fault ??= why
    this.waiting?.()
  }

  private ended(why: string): OperatorError {
    this.close()
    return new OperatorError(`adm: ${why}`)
  }
}
