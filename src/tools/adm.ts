import { createInterface } from 'node:readline/promises'
import { asBytes } from '../base/bytes.ts'
import type { CliClient, CliAnswer } from '../admin/cli/client.ts'
import { COMMANDS } from '../admin/commands/table.ts'
import { documentEnd, SyntaxFault, tokens } from '../admin/cli/tokens.ts'
import { STATUS } from '../admin/fault.ts'
import type { AdmOptions } from '../config/command-line.ts'
import { isGood, sayIfCut } from './answer.ts'
import { reach } from './reach.ts'
import { harmless } from './screen/harmless.ts'

export interface Terminal {
  readonly input: NodeJS.ReadStream
  readonly output: NodeJS.WriteStream
  readonly errors: Pick<NodeJS.WriteStream, 'write'>
}

/** `lacquer adm`: one command, or what is typed. Resolves with the exit code, 1 when a command failed. */
export async function runAdm(options: AdmOptions, terminal: Terminal): Promise<number> {
  const { client, banner } = await reach(options)
  try {
    if (options.words.length > 0) return shown(await client.ask(options.words), terminal)
    return await talk(client, banner, terminal)
  } finally {
    client.close()
  }
}

/** As varnishadm does it. */
function shown({ status, body }: CliAnswer, { output, errors }: Terminal): number {
  output.write(Buffer.from(`${output.isTTY ? harmless(body) : body}\n`, 'latin1'))
  sayIfCut(status, errors)
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
  const commands = new Commands()
  for await (const line of lines) {
    const command = commands.take(asBytes(line))
    if (command === undefined) continue
    if (command.trim() !== '') {
      const answer = await client.line(command)
      const failed = person ? told(answer, terminal) : shown(answer, terminal)
      code = person ? 0 : Math.max(code, failed)
      if (answer.status === STATUS.close) break
    }
    if (person) lines.prompt()
  }
  lines.close()
  if (commands.open === undefined) return code
  terminal.errors.write(`The last command was not given: '${commands.open}' is missing behind its << ${commands.open}\n`)
  return 1
}

/** A command is a line, or a line that ends in `<< WORD` and those behind it up to WORD: there is no answer before that. */
class Commands {
  /** The WORD that is waited for. */
  open: string | undefined
  private lines: string[] = []

  /** The command that this line ends, if it ends one. */
  take(line: string): string | undefined {
    if (this.open === undefined) {
      this.open = announced(line)
      if (this.open === undefined) return line
      this.lines = [line]
      return undefined
    }
    this.lines.push(line)
    if (!line.includes(this.open)) return undefined
    this.open = undefined
    return this.lines.join('\n')
  }
}

function announced(line: string): string | undefined {
  try {
    return documentEnd(tokens(line))
  } catch (error) {
    if (error instanceof SyntaxFault) return undefined
    throw error
  }
}

/** To a person the status says something only when it is not 200. */
function told({ status, body }: CliAnswer, { output }: Terminal): number {
  const mark = isGood(status) || status === STATUS.close ? '' : `${status}\n`
  output.write(Buffer.from(`${mark}${harmless(body)}${body.endsWith('\n') || body === '' ? '' : '\n'}`, 'latin1'))
  return 0
}

function completer(line: string): [string[], string] {
  const names = COMMANDS.filter(({ debug }) => !debug).map(({ request }) => `${request} `)
  return [names.filter((name) => name.startsWith(line)), line]
}
