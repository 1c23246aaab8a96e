import { connect, type Socket } from 'node:net'

/** One connection of who asks in a rehearsal: one request after the other. */
export class RehearsalClient {
  private readonly socket: Socket
  private readonly asked: () => string
  private text = ''
  private waiting = false

  /** `asked`: the next request. */
  constructor(port: number, asked: () => string) {
    this.asked = asked
    this.socket = connect({ port, host: '127.0.0.1', noDelay: true }).unref().setEncoding('latin1')
    this.socket.on('error', () => {}).on('data', (text) => this.heard(String(text)))
  }

  /** The next request, if it has the answer to the last one. */
  ask(): void {
    if (this.waiting) return
    this.waiting = true
    this.socket.write(this.asked())
  }

  close(): void {
    this.socket.destroy()
  }

  private heard(text: string): void {
    this.text += text
    const end = this.text.indexOf('\r\n\r\n') + 4
    if (end < 4 || this.text.length < end + bodyLength(this.text.slice(0, end))) return
    this.text = ''
    this.waiting = false
  }
}

/** HEAD is not asked. */
function bodyLength(head: string): number {
  return head.startsWith('HTTP/1.1 304') ? 0 : Number(/^content-length: (\d+)/im.exec(head)?.[1] ?? 0)
}
