import { connect, type Socket } from 'node:net'

/** Who asks in a rehearsal: one request after the other, on a connection that is made anew when it is lost (timeout_idle may be short). */
export class RehearsalClient {
  private readonly port: number
  private readonly asked: () => string
  private socket: Socket | undefined
  private text = ''
  private waiting = false

  /** `asked`: the next request. */
  constructor(port: number, asked: () => string) {
    this.port = port
    this.asked = asked
  }

  /** The next request, if it has the answer to the last one. */
  ask(): void {
    if (this.waiting) return
    this.waiting = true
    this.socket ??= this.open()
    this.socket.write(this.asked())
  }

  close(): void {
    this.socket?.destroy()
  }

  private open(): Socket {
    this.text = ''
    const socket = connect({ port: this.port, host: '127.0.0.1', noDelay: true }).unref().setEncoding('latin1')
    return socket
      .on('error', () => {})
      .on('data', (text) => this.heard(String(text)))
      .on('close', () => {
        this.socket = undefined
        this.waiting = false
      })
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
