import { execFile, spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** The version that the record is of. */
export const VARNISH_VERSION = '7.1'

/** Is the varnishd installed that the record is of, or that tool of it? */
export function hasVarnish(program = 'varnishd'): boolean {
  const { stderr } = spawnSync(program, ['-V'], { encoding: 'utf8' })
  return typeof stderr === 'string' && stderr.includes(`varnish-${VARNISH_VERSION}`)
}

/** A varnishd on a free port. */
export class Varnishd {
  port = 0
  private readonly child: ChildProcess

  private constructor(child: ChildProcess) {
    this.child = child
  }

  static async start(directory: string, rules: string): Promise<Varnishd> {
    const flags = ['-F', '-j', 'none', '-n', directory, '-a', '127.0.0.1:0', '-f', rules, '-s', 'malloc,64m', '-t', '120']
    const child = spawn('varnishd', flags, { stdio: ['ignore', 'pipe', 'pipe'] })
    const varnishd = new Varnishd(child)
    let said = ''
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (data: Buffer) => (said += data.toString()))
    while (!said.includes('Child launched OK') && !said.includes('said Child starts')) {
      if (child.exitCode !== null) throw new Error(`varnishd: ${said}`)
      await Promise.race([
        once(child.stdout as NodeJS.EventEmitter, 'data'),
        once(child.stderr as NodeJS.EventEmitter, 'data'),
        once(child, 'exit'),
      ])
    }
    varnishd.port = await portOf(directory)
    return varnishd
  }

  async stop(): Promise<void> {
    const ended = once(this.child, 'exit')
    this.child.kill('SIGTERM')
    await ended
  }
}

/** debug.listen_address: "a0 127.0.0.1 PORT". */
async function portOf(directory: string): Promise<number> {
  const { stdout } = await run('varnishadm', ['-n', directory, 'debug.listen_address'])
  const port = / 127\.0\.0\.1 (\d+)/.exec(stdout)?.[1]
  if (port === undefined) throw new Error(`varnishadm: ${stdout}`)
  return Number(port)
}
