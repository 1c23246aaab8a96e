import { OperatorError } from '../../base/errors.ts'
import { nearest } from '../../base/nearest.ts'
import { flagText } from '../../config/flags.ts'
import type { OptionRow, ToolRow } from './option.ts'

export interface GivenOption {
  readonly name: string
  /** '' for a switch. */
  readonly value: string
}

/** What was given, in order: some options mean the more the further left they stand. */
export class GivenOptions {
  readonly list: readonly GivenOption[]

  constructor(list: readonly GivenOption[]) {
    this.list = list
  }

  has(name: string): boolean {
    return this.list.some((given) => given.name === name)
  }

  all(name: string): string[] {
    return this.list.filter((given) => given.name === name).map(({ value }) => value)
  }

  /** With a switch that others imply. */
  and(name: string): GivenOptions {
    return new GivenOptions([...this.list, { name, value: '' }])
  }

  /** The last one counts. */
  last(name: string): string | undefined {
    return this.all(name).at(-1)
  }
}

/**
 * As getopt(3) has it: switches may stand together, a value may stand behind its letter or in the next argument. Beside it, `--word` and
 * `--word=value`. Throws an OperatorError.
 */
export function parseOptions(tool: ToolRow, args: readonly string[]): GivenOptions {
  const given: GivenOption[] = []
  const rest = [...args]
  for (let arg = rest.shift(); arg !== undefined; arg = rest.shift()) {
    if (arg === '--') break
    if (arg.startsWith('--')) given.push(longOption(tool, arg, rest))
    else if (arg.startsWith('-') && arg !== '-') given.push(...letters(tool, arg, rest))
    else throw stray(tool, arg)
  }
  if (rest.length > 0) throw stray(tool, rest[0])
  return new GivenOptions(given)
}

function stray(tool: ToolRow, arg: string): OperatorError {
  return new OperatorError(`lacquer ${tool.name}: '${arg}' stands without an option; see lacquer ${tool.name} -h`)
}

function longOption(tool: ToolRow, arg: string, rest: string[]): GivenOption {
  const [, name, value] = /^--([^=]*)(?:=([^]*))?$/.exec(arg) ?? []
  // --help is what people try first.
  if (name === 'help') return { name: 'h', value: '' }
  const row = tool.options.find((candidate) => candidate.name.length > 1 && candidate.name === name)
  if (row === undefined) throw unknown(tool, `--${name}`)
  if (row.value === undefined && value !== undefined) throw new OperatorError(`--${name}: takes no value`)
  return { name: row.name, value: row.value === undefined ? '' : valueOf(row, value ?? rest.shift()) }
}

function letters(tool: ToolRow, arg: string, rest: string[]): GivenOption[] {
  const given: GivenOption[] = []
  for (let at = 1; at < arg.length; at++) {
    const row = tool.options.find(({ name }) => name === arg[at])
    if (row === undefined) throw unknown(tool, `-${arg[at]}`)
    if (row.value === undefined) {
      given.push({ name: row.name, value: '' })
      continue
    }
    given.push({ name: row.name, value: valueOf(row, at + 1 < arg.length ? arg.slice(at + 1) : rest.shift()) })
    break
  }
  return given
}

function valueOf(row: OptionRow, value: string | undefined): string {
  if (value === undefined) throw new OperatorError(`${flagText({ name: row.name })}: a value is missing: ${flagText(row)}`)
  return value
}

function unknown(tool: ToolRow, name: string): OperatorError {
  const words = tool.options.filter((row) => row.name.length > 1).map((row) => `--${row.name}`)
  const meant = name.startsWith('--') ? nearest(name, words) : undefined
  return new OperatorError(`${name}: unknown option${meant === undefined ? '' : `; did you mean ${meant}?`}; see lacquer ${tool.name} -h`)
}
