import { createInterface } from 'node:readline/promises'
import { CliClient, type CliAnswer } from '../admin/cli/client.ts'
import { COMMANDS } from '../admin/commands/table.ts'
import { STATUS } from '../admin/fault.ts'
import type { AdmOptions } from '../config/command-line.ts'

export interface Terminal {
  readonly input: NodeJS.ReadStream
  readonly output: NodeJS.WriteStream
  readonly errors: Pick<NodeJS.WriteStream, 'write'>
}

/** `lacquer adm`: one command, or what is typed. Resolves with the exit code, 1 when a command failed. */
export async function runAdm(options: AdmOptions, terminal: Terminal): Promise<number> {
  const { client, banner } = await CliClient.open(options.at, options.secret, options.timeout_s * 1000)
  try {
    if (options.words.length > 0) return shown(await client.ask(options.words), terminal)
    return await talk(client, banner, terminal)
  } finally {
    client.close()
  }
}

function isGood(status: number): boolean {
  return status === STATUS.ok || status === STATUS.truncated
}

/** As varnishadm does it. */
function shown({ status, body }: CliAnswer, { output, errors }: Terminal): number {
  output.write(Buffer.from(`${body}\n`, 'latin1'))
  if (status === STATUS.truncated) errors.write('The answer is longer than the parameter cli_limit, and was cut off\n')
  if (isGood(status)) return 0
  errors.write(`Command failed with error code ${status}\n`)
  return 1
}

async function talk(client: CliClient, banner: string, terminal: Terminal): Promise<number> {
  const { input, output } = terminal
  const person = input.isTTY && output.isTTY
  const lines = createInterface({ input, output, terminal: person, completer, prompt: person ? 'lacquer> ' : '' })
  if (person) output.write(`${banner}\n`)
  let code = 0
  if (person) lines.prompt()
  for await (const line of lines) {
    if (line.trim() !== '') {
      const answer = await client.line(Buffer.from(line, 'utf8').toString('latin1'))
      const failed = person ? told(answer, terminal) : shown(answer, terminal)
      code = person ? 0 : Math.max(code, failed)
      if (answer.status === STATUS.close) break
    }
    if (person) lines.prompt()
  }
  lines.close()
  return code
}

/** To a person the status says something only when it is not 200. */
function told({ status, body }: CliAnswer, { output }: Terminal): number {
  const mark = isGood(status) || status === STATUS.close ? '' : `${status}\n`
  output.write(Buffer.from(`${mark}${body}${body.endsWith('\n') || body === '' ? '' : '\n'}`, 'latin1'))
  return 0
}

function completer(line: string): [string[], string] {
  const names = COMMANDS.filter(({ debug }) => !debug).map(({ request }) => `${request} `)
  return [names.filter((name) => name.startsWith(line)), line]
}
