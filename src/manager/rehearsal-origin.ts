import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'

const SMALL = 'x'.repeat(1024)
const LARGE = 'x'.repeat(200 * 1024)

/** Whoever else on this machine finds the port may send what he likes, and read nothing. */
const HELD_MAX = 1024 * 1024

/** What is asked for, by the first letter of the path. */
const ANSWERS: Readonly<Record<string, readonly [cache_control: string, body: string]>> = {
  // Kept; a large one; kept but never fresh; not kept.
  k: ['max-age=3600', SMALL],
  l: ['max-age=3600', LARGE],
  s: ['max-age=0', SMALL],
  p: ['no-store', SMALL],
}

/** The origin of a rehearsal: it answers its one client, the worker, which sends a request when it has the answer to the last one. */
export class RehearsalOrigin {
  private readonly server: Server
  private readonly sockets = new Set<Socket>()

  constructor() {
    this.server = createServer((socket) => this.serve(socket))
  }

  /** The port, on 127.0.0.1; 0 when it has been closed meanwhile. */
  async listen(): Promise<number> {
    const { server } = this
    await new Promise<void>((resolve, reject) => server.once('error', reject).once('close', resolve).listen(0, '127.0.0.1', resolve))
    server.unref()
    return (server.address() as AddressInfo | null)?.port ?? 0
  }

  close(): void {
    this.server.close()
    for (const socket of this.sockets) socket.destroy()
  }

  private serve(socket: Socket): void {
    this.sockets.add(socket)
    let head = ''
    socket
      .unref()
      .setEncoding('latin1')
      .on('error', () => {})
      .on('close', () => this.sockets.delete(socket))
      .on('data', (text) => {
        head += text
        if (head.length + socket.writableLength > HELD_MAX) socket.destroy()
        const end = head.indexOf('\r\n\r\n')
        if (end < 0) return
        socket.write(answerTo(head.slice(0, end)))
        head = ''
      })
  }
}

/** Of the bodies that it is sent it takes no notice: they come with their heads. */
function answerTo(head: string): string {
  const path = head.slice(head.indexOf(' ') + 2)
  const [cache_control, body] = ANSWERS[path[0]] ?? ANSWERS['p']
  const common = `Cache-Control: ${cache_control}\r\nETag: "1"\r\nContent-Type: text/plain\r\n`
  if (/^if-none-match:/im.test(head)) return `HTTP/1.1 304 Not Modified\r\n${common}\r\n`
  return `HTTP/1.1 200 OK\r\n${common}Content-Length: ${body.length}\r\n\r\n${body}`
}
