import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'vitest'
import { CliClient } from '../../../src/admin/cli/client.ts'
import { Patience } from '../../kit/patience.ts'
import { builtMain } from '../../kit/built.ts'
import { Instance } from './instance.ts'

/** Instances with an admin port, and what their clients get. */

export const MAIN = builtMain()

export const RULES = (answer: string): string => `vcl 4.1;
backend default { .host = "127.0.0.1"; .port = "9"; }
sub vcl_recv { return (synth(200, "${answer}")); }
sub vcl_synth { set resp.http.Ttl = param.default_ttl; set resp.http.Retries = param.max_retries; }
`

const patience = new Patience(30_000)

export async function startAdmin(...flags: string[]): Promise<{ instance: Instance; port: number }> {
  const made = new Instance([...flags, '-s', 'memory,16M'])
  await made.ready()
  await patience.until('the admin port is said', () => /admin port on .*:(\d+)/.test(made.said))
  return { instance: made, port: Number(/admin port on .*:(\d+)/.exec(made.said)?.[1]) }
}

/** What an operator has: a secret, and rules one.vcl and two.vcl that answer by their names. */
export function makeFiles(): { directory: string; secret: string } {
  const directory = mkdtempSync(join(tmpdir(), 'lacquer-admin-'))
  const secret = join(directory, 'secret')
  writeFileSync(secret, 'not to be guessed\n')
  for (const name of ['one', 'two']) writeFileSync(join(directory, `${name}.vcl`), RULES(name))
  return { directory, secret }
}

/** Two workers under one.vcl, with metrics and a work directory, and a client that has been let in. */
export class Operated {
  readonly directory: string
  readonly secret: string
  /** The work directory. */
  readonly place: string
  readonly instance: Instance
  /** The admin port. */
  readonly at: { readonly host: string; readonly port: number }
  client!: CliClient

  private constructor(files: ReturnType<typeof makeFiles>, place: string, { instance, port }: Awaited<ReturnType<typeof startAdmin>>) {
    this.directory = files.directory
    this.secret = files.secret
    this.place = place
    this.instance = instance
    this.at = { host: '127.0.0.1', port }
  }

  static async start(...more: string[]): Promise<Operated> {
    const files = makeFiles()
    const place = join(files.directory, 'n')
    const port = ['-T', '127.0.0.1:0', '-S', files.secret, '--metrics', '127.0.0.1:0']
    const made = await startAdmin('-f', join(files.directory, 'one.vcl'), '-w', '2', '-n', place, ...port, ...more)
    return new Operated(files, place, made)
  }

  /** Another client than the one before. */
  async enter(): Promise<void> {
    this.client = (await CliClient.open(this.at, this.secret, 20_000)).client
  }

  async ok(...words: string[]): Promise<string> {
    const { status, body } = await this.client.ask(words)
    expect([status, body]).toEqual([200, body])
    return body
  }

  async stop(): Promise<void> {
    this.client.close()
    this.instance.child.kill('SIGTERM')
    expect(await this.instance.exited).toBe(0)
    rmSync(this.directory, { recursive: true })
  }
}

export interface Got {
  readonly reason: string
  readonly headers: NodeJS.Dict<string | string[]>
}

/** From whichever worker. */
export function get(port: number): Promise<Got> {
  return new Promise((resolve, reject) => {
    const asked = request({ port, agent: false }, (answer) => {
      answer.resume()
      resolve({ reason: answer.statusMessage ?? '', headers: answer.headers })
    })
    asked.on('error', reject).end()
  })
}

export function run(program: string, args: readonly string[], input = ''): Promise<{ code: number | null; out: string; err: string }> {
  const child = spawn(program, args)
  let [out, err] = ['', '']
  child.stdout.on('data', (data) => (out += String(data)))
  child.stderr.on('data', (data) => (err += String(data)))
  // Who ends before reading it all is judged by what it says.
  child.stdin.on('error', () => {})
  child.stdin.end(input)
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, out, err })))
}
