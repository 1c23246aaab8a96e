import { spawn, type ChildProcess } from 'node:child_process'
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Shop, visit } from './shop.ts'

/**
 * Runs the commands of docs/operating.md, in their order, and writes what they print below them:
 *
 *   npm run build && node test/operating/make.ts
 *
 * A block of `console` has commands (`$ ...`) and what they printed when this was run last. Ports and paths are the page's, whatever they were. What
 * happens between blocks is said in comments: `<!-- visits: 200 -->` has customers come, `<!-- shop: sick -->` and `well` change the origin,
 * `<!-- wait: 3 -->` lets so many seconds pass, `<!-- file: FILE /from/to/ -->` changes a rule file.
 */

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const PAGE = join(ROOT, 'docs/operating.md')
/** As the page has them. */
const PORTS = { clients: '6081', metrics: '9131', origin: '8080' } as const
const LINES_MAX = 60
/** What finds a running one by its work directory. */
const TOOLS = /\blacquer (serve|adm|explain|log|ncsa|stat|top|hist)\b/g

class Day {
  private readonly folder = mkdtempSync(join(tmpdir(), 'lacquer-day-'))
  private readonly shop = new Shop()
  private ports: Record<keyof typeof PORTS, string> = { ...PORTS }
  private server: ChildProcess | undefined
  /** What the server has said and nobody has shown. */
  private said = ''

  async run(page: string): Promise<string> {
    copyFileSync(new URL('shop.vcl', import.meta.url), join(this.folder, 'shop.vcl'))
    this.ports = { clients: await freePort(), metrics: await freePort(), origin: String(await this.shop.open()) }
    const file = join(this.folder, 'shop.vcl')
    writeFileSync(file, readFileSync(file, 'utf8').replace(PORTS.origin, this.ports.origin))
    const out: string[] = []
    let block: string[] | undefined
    for (const line of page.split('\n')) {
      if (block === undefined) {
        out.push(line)
        if (line === '```console') block = []
        else await this.happen(line)
      } else if (line === '```') {
        for (const command of block) out.push(`$ ${command}`, ...(await this.shown(command)))
        out.push(line)
        block = undefined
      } else if (line.startsWith('$ ')) block.push(line.slice(2))
    }
    return out.join('\n')
  }

  async close(): Promise<void> {
    const { server } = this
    if (server !== undefined && server.exitCode === null) {
      const ended = new Promise((resolve) => server.once('exit', resolve))
      server.kill('SIGTERM')
      await ended
    }
    this.shop.close()
    rmSync(this.folder, { recursive: true })
  }

  private async happen(line: string): Promise<void> {
    const [, what, how = ''] = /^<!-- (\w+): (.*) -->$/.exec(line) ?? []
    if (what === 'visits') await visit(Number(this.ports.clients), Number(how))
    if (what === 'shop') this.shop.sick = how === 'sick'
    if (what === 'wait') await pause(Number(how) * 1000)
    if (what === 'file') {
      const [, name, from, to] = /^(\S+) \/(.*)\/(.*)\/$/.exec(how) ?? []
      const path = join(this.folder, name)
      writeFileSync(path, readFileSync(path, 'utf8').replace(from, to))
    }
  }

  private async shown(command: string): Promise<string[]> {
    const text = command.startsWith('lacquer serve') ? await this.serve(command) : await this.printed(command)
    const lines = this.asOnPage(text)
      .replace(/^\n+|\s+$/g, '')
      .split('\n')
    return lines.length > LINES_MAX ? [...lines.slice(0, LINES_MAX), '...'] : lines.join('') === '' ? [] : lines
  }

  private async serve(command: string): Promise<string> {
    this.server = spawn('/bin/sh', ['-c', `exec ${this.real(command)}`], { cwd: this.folder })
    const hear = (chunk: Buffer): void => void (this.said += String(chunk))
    this.server.stdout?.on('data', hear)
    this.server.stderr?.on('data', hear)
    while (!/started: /.test(this.said)) await pause(20)
    await pause(1500)
    return this.news()
  }

  /** `server says` is no command: what it has said since. */
  private async printed(command: string): Promise<string> {
    if (command === 'journalctl -u lacquer -o cat --since -5s') {
      await pause(1200)
      return this.news()
    }
    const child = spawn('/bin/sh', ['-c', this.real(command)], { cwd: this.folder, env: { ...process.env, NO_COLOR: '1' } })
    let text = ''
    child.stdout.on('data', (chunk) => (text += String(chunk)))
    child.stderr.on('data', (chunk) => (text += String(chunk)))
    await new Promise((resolve) => child.once('close', resolve))
    // What it says when it is stopped is shown by the next command.
    if (!command.startsWith('systemctl stop')) this.news()
    return text
  }

  private news(): string {
    const { said } = this
    this.said = ''
    return said
  }

  private real(command: string): string {
    const { clients, metrics, origin } = this.ports
    return command
      .replaceAll(TOOLS, `${join(ROOT, 'bin/lacquer')} $1 -n ${join(this.folder, 'work')}`)
      .replaceAll(/\blacquer check\b/g, `${join(ROOT, 'bin/lacquer')} check`)
      .replaceAll('systemctl stop lacquer', `kill ${this.server?.pid ?? ''}`)
      .replaceAll(PORTS.clients, clients)
      .replaceAll(PORTS.metrics, metrics)
      .replaceAll(PORTS.origin, origin)
  }

  private asOnPage(text: string): string {
    const { clients, metrics, origin } = this.ports
    return text
      .replaceAll('\r', '')
      .replaceAll(join(this.folder, 'work'), '/run/lacquer/lacquer')
      .replaceAll(`${this.folder}/`, '')
      .replaceAll(`127.0.0.1:${clients}`, `127.0.0.1:${PORTS.clients}`)
      .replaceAll(clients, PORTS.clients)
      .replaceAll(metrics, PORTS.metrics)
      .replaceAll(origin, PORTS.origin)
      .replaceAll(`"hostname":"${process.env['HOSTNAME'] ?? 'vm'}"`, '"hostname":"cache1"')
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

async function freePort(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return String(port)
}

const day = new Day()
try {
  writeFileSync(PAGE, await day.run(readFileSync(PAGE, 'utf8')))
} finally {
  await day.close()
}
