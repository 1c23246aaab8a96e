import { Duplex } from 'node:stream'
import { RequestHead } from '../../http/message.ts'
import { isBodyless } from '../../http/status.ts'
import { responseHeadText } from '../../http/write.ts'
import type { Answer } from '../language/ast.ts'
import type { Answers } from './answers.ts'
import { type Exchange, responseOf } from './exchange.ts'

/** The origin's end of a tunnel: it reads a request head, answers it as the test says, and closes. What else comes is the body. */
export class PipedOrigin extends Duplex implements Exchange {
  readonly number: number
  readonly backend: string
  readonly xid = undefined
  readonly head = new RequestHead()
  readonly remoteAddress = '127.0.0.1'
  readonly remotePort = 80
  readonly localAddress = '127.0.0.1'
  readonly localPort: number
  body = ''
  private readonly answers: Answers
  private text = ''
  private answered = false

  constructor(number: number, backend: string, answers: Answers) {
    super()
    this.number = this.localPort = number
    this.backend = backend
    this.answers = answers
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString('latin1')
    const end = this.text.indexOf('\r\n\r\n')
    if (end >= 0) this.request(this.text.slice(0, end), this.text.slice(end + 4))
    done()
  }

  private request(head: string, body: string): void {
    this.body = body
    if (this.answered) return
    this.answered = true
    const [start, ...lines] = head.split('\r\n')
    ;[this.head.method, this.head.url] = start.split(' ')
    for (const line of lines) {
      const colon = line.indexOf(':')
      this.head.fields.append(line.slice(0, colon), line.slice(colon + 1).trim())
    }
    this.answer()
  }

  /** Behind a 101 come the first bytes of the tunnel, if the test has any. */
  private bodyOf({ status, body }: Answer): string {
    if (status === 101) return body ?? ''
    return this.head.method === 'HEAD' || isBodyless(status) ? '' : (body ?? String(this.number))
  }

  private answer(): void {
    const answer = this.answers.take(this.backend, this.head)
    if (answer.failure === undefined) {
      const body = this.bodyOf(answer)
      this.push(Buffer.from(`${responseHeadText(responseOf(answer, body.length).head)}\r\n${body}`, 'latin1'))
    }
    this.push(null)
  }
}
