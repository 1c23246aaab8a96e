import { jsonList } from '../cli/framing.ts'
import { Fault, STATUS } from '../fault.ts'
import type { Command } from './command.ts'
import { EXPLAIN_COMMAND } from './explain.ts'
import { OTHER_COMMANDS } from './others.ts'
import { PARAMETER_COMMANDS } from './parameters.ts'
import { PROGRAM_COMMANDS } from './program.ts'
import { RULE_COMMANDS } from './rules.ts'
import { SYMTAB_COMMAND } from './symtab.ts'

function help(args: readonly string[]): string {
  const [word] = args
  const all = word === '-a' || word === '-d'
  if (word?.startsWith('-') && !all) throw new Fault(STATUS.unknown, 'Unknown flag\n')
  if (word === undefined || all)
    return COMMANDS.filter((row) => !row.debug || all)
      .map(({ syntax }) => `${syntax}\n`)
      .join('')
  const command = COMMANDS.find(({ request }) => request === word)
  if (command === undefined) throw new Fault(STATUS.unknown, UNKNOWN)
  return `${command.syntax}\n${command.help}\n`
}

export function helpJson(): string {
  return jsonList(
    COMMANDS.map(({ request, syntax, help: text, min, max, json, debug, open }) => ({
      request,
      syntax,
      help: text,
      minarg: min,
      maxarg: max === Infinity ? -1 : max,
      flags: debug ? 'd' : open && request !== 'quit' && request !== 'auth' ? 'i' : '',
      json: json !== undefined,
    })),
  )
}

export const UNKNOWN = `Unknown request.\nType 'help' for more info.\n`

const ALL: Command[] = [
  {
    request: 'auth',
    syntax: 'auth <response>',
    help: 'Authenticate: the answer to the challenge that a connection begins with.',
    min: 1,
    max: 1,
    open: true,
    // Whoever comes here needs none, or has done it before: cli/session.ts.
    run: () => {
      throw new Fault(STATUS.close, '')
    },
  },
  {
    request: 'help',
    syntax: 'help [-j|<command>]',
    help: 'Show command/protocol help.',
    min: 0,
    max: 1,
    open: true,
    run: (_program, args) => help(args),
    json: helpJson,
  },
  EXPLAIN_COMMAND,
  ...OTHER_COMMANDS,
  ...PARAMETER_COMMANDS,
  ...PROGRAM_COMMANDS,
  ...RULE_COMMANDS,
  SYMTAB_COMMAND,
]

/** All there are, by name. */
export const COMMANDS: readonly Command[] = ALL.sort((a, b) => (a.request < b.request ? -1 : 1))
