import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Behind "<< ": what ends a here-document of the CLI, and occurs in no program. */
const END = '%LACQUER-END%'

/**
 * The VCL compiler of an installed varnishd, asked over its CLI. Its C compiler is replaced by a command that fails at once, so that a
 * verdict takes milliseconds: what VCC refuses it says itself, and what comes as far as the C compiler it has accepted.
 */
export class VarnishCompiler {
  private readonly server: Server
  private readonly child: ChildProcess
  private readonly directory: string
  private socket!: Socket
  private heard = Buffer.alloc(0)
  private count = 0

  private constructor(server: Server, child: ChildProcess, directory: string) {
    this.server = server
    this.child = child
    this.directory = directory
  }

  static async start(): Promise<VarnishCompiler> {
    const server = createServer()
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const directory = mkdtempSync(join(tmpdir(), 'lacquer-compiler-'))
    const flags = ['-F', '-j', 'none', '-n', directory, '-a', '127.0.0.1:0', '-f', '', '-S', 'none', '-M', `127.0.0.1:${port}`]
    const child = spawn('varnishd', [...flags, '-p', 'cc_command=exec false'], { stdio: 'ignore' })
    const compiler = new VarnishCompiler(server, child, directory)
    const [socket] = (await once(server, 'connection')) as [Socket]
    compiler.socket = socket
    await compiler.answer()
    return compiler
  }

  async accepts(program: string): Promise<{ accepted: boolean; said: string }> {
    this.socket.write(`vcl.inline v${this.count++} << ${END}\n${program}\n${END}\n`, 'latin1')
    const said = await this.answer()
    return { accepted: !said.includes('VCC-compiler failed'), said }
  }

  async stop(): Promise<void> {
    const ended = once(this.child, 'exit')
    this.child.kill('SIGTERM')
    await ended
    this.server.close()
    rmSync(this.directory, { recursive: true, force: true })
  }

  /** "200 12345   \n", so many bytes, and a line end. */
  private async answer(): Promise<string> {
    for (;;) {
      const head = /^\d{3} (\d+) *\n/.exec(this.heard.subarray(0, 13).toString('latin1'))
      const end = head === null ? Infinity : head[0].length + Number(head[1]) + 1
      if (this.heard.length >= end) {
        const text = this.heard.subarray(head![0].length, end - 1).toString('latin1')
        this.heard = this.heard.subarray(end)
        return text
      }
      const [data] = (await once(this.socket, 'data')) as [Buffer]
      this.heard = Buffer.concat([this.heard, data])
    }
  }
}
