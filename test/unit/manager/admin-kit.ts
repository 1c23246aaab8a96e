import { spawn } from 'node:child_process'
import { request } from 'node:http'
import { fileURLToPath } from 'node:url'
import { Patience } from '../../kit/patience.ts'
import { Instance } from './instance.ts'

/** Instances with an admin port, and what their clients get. */

export const MAIN = fileURLToPath(new URL('../../../src/main.ts', import.meta.url))

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
