import { isForeign } from '../../config/foreign-parameters.ts'
import { isParameter, PARAMETER_NAMES, type ParameterName } from '../../config/parameters.ts'
import { nearest } from '../../base/nearest.ts'
import { jsonList } from '../cli/framing.ts'
import { Fault, STATUS } from '../fault.ts'
import { parameterJson, parameterLine, parameterText } from '../parameter-text.ts'
import type { Program } from '../program.ts'
import type { Command } from './command.ts'

function known(name: string): ParameterName {
  if (isParameter(name)) return name
  if (isForeign(name)) throw new Fault(STATUS.param, `Unknown parameter "${name}".\nvarnishd has it; there is nothing here that it sets.`)
  const meant = nearest(name, PARAMETER_NAMES)
  throw new Fault(STATUS.param, `Unknown parameter "${name}".${meant === undefined ? '' : `\nDid you mean ${meant}?`}`)
}

function changed(program: Program): ParameterName[] {
  const values = program.parameters.values()
  return PARAMETER_NAMES.filter((name) => parameterJson(name, values[name]).changed)
}

function chosen(program: Program, [which]: readonly string[]): ParameterName[] {
  if (which === undefined) return [...PARAMETER_NAMES]
  return which === 'changed' ? changed(program) : [known(which)]
}

function show(program: Program, args: readonly string[]): string {
  const long = args[0] === '-l'
  const rest = long ? args.slice(1) : args
  const values = program.parameters.values()
  if (rest.length > 1) throw new Fault(STATUS.too_many, 'Too many parameters\n')
  const names = chosen(program, rest)
  const whole = long || (rest.length === 1 && rest[0] !== 'changed')
  return names.map((name) => (whole ? parameterText(name, values[name]) : parameterLine(name, values[name]))).join('')
}

function showJson(program: Program, args: readonly string[]): string {
  if (args[0] === '-l') throw new Fault(STATUS.param, '-l cannot be used with -j')
  const values = program.parameters.values()
  return jsonList(chosen(program, args).map((name) => parameterJson(name, values[name]).row))
}

async function set(program: Program, given: string, text: string): Promise<string> {
  if (program.parameters.ignores?.(given) === true) return ''
  const name = known(given)
  try {
    const when = await program.parameters.set(name, text)
    return when === 'now' ? '' : '\nChange will take effect when child is restarted'
  } catch (error) {
    if (error instanceof Fault) throw error
    const why = error instanceof Error ? error.message : String(error)
    throw new Fault(STATUS.param, `${why}\n\n(attempting to set param '${name}' to '${text}')`)
  }
}

export const PARAMETER_COMMANDS: readonly Command[] = [
  {
    request: 'param.show',
    syntax: 'param.show [-l|-j] [<param>|changed]',
    differs:
      'Our parameters, docs/reference/parameters.md. Those of varnishd that set nothing here are unknown; started under the name varnishd, or with --varnishd, param.set takes them without effect.',
    help: 'Show parameters and their values: all, those that are not as they are by default, or one in full.',
    min: 0,
    max: 2,
    run: show,
    json: showJson,
  },
  {
    request: 'param.set',
    changes: true,
    syntax: 'param.set [-j] <param> <value>',
    help: 'Set parameter value. Where docs/reference/parameters.md says must_restart it takes effect with the next `stop` and `start`.',
    min: 2,
    max: 2,
    run: (program, [name, text]) => set(program, name, text),
    json: async (program, [name, text]) => {
      await set(program, name, text)
      return showJson(program, [name])
    },
  },
  {
    request: 'param.reset',
    changes: true,
    syntax: 'param.reset <param>',
    help: 'Reset parameter to default value.',
    min: 1,
    max: 1,
    run: (program, [name]) => set(program, name, 'default'),
  },
]
