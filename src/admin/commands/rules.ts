import { columns, jsonList } from '../cli/framing.ts'
import { Fault, STATUS } from '../fault.ts'
import type { Program } from '../program.ts'
import type { RuleRow } from '../rule-sets.ts'
import type { Command } from './command.ts'

function statusRow(row: RuleRow, running: boolean): string[] {
  const { name, status, state, temperature, busy, labels, label } = row
  const cells = [status, state, temperature, (running ? String(busy) : '-').padStart(6), name]
  if (label !== undefined)
    return [...cells, '->', `${label.name}${label.refs > 0 ? ` (${label.refs} return(vcl)${label.refs > 1 ? "'s" : ''})` : ''}`]
  return labels > 0 ? [...cells, '<-', `(${labels} label${labels > 1 ? 's' : ''})`] : cells
}

function statusJson(row: RuleRow, running: boolean): object {
  const { name, status, state, temperature, busy, labels, label } = row
  const target = label && { name: label.name, ...(label.refs > 0 ? { refs: label.refs } : {}) }
  return {
    status,
    state,
    temperature,
    ...(running ? { busy } : {}),
    name,
    ...(labels > 0 ? { labels } : {}),
    ...(target ? { label: target } : {}),
  }
}

async function listed<T>(program: Program, row: (row: RuleRow, running: boolean) => T): Promise<T[]> {
  const running = program.state() === 'running'
  return (await program.rules.list()).map((one) => row(one, running))
}

/** What went well is no news while there are workers that have it. */
function compiled(program: Program, warnings: string): string {
  return `${warnings === '' ? '' : `${warnings}\n`}${program.state() === 'running' ? '' : 'VCL compiled.\n'}`
}

function show(program: Program, args: readonly string[]): string {
  const verbose = args[0] === '-v'
  const names = verbose ? args.slice(1) : args
  if (names.length > 1) throw new Fault(STATUS.too_many, 'Too many parameters\n')
  const texts = program.rules.show(names[0])
  if (!verbose) return texts[0].text
  return texts.map(({ path, text }, i) => `// VCL.SHOW ${i} ${text.length} ${path}\n${text}\n`).join('')
}

const LOADING =
  'It is compiled, brought to life by every worker, and can then be used. `auto` ones become cold when they are not used for vcl_cooldown, `warm` ones never, `cold` ones at once.'

export const RULE_COMMANDS: readonly Command[] = [
  {
    request: 'vcl.load',
    changes: true,
    syntax: 'vcl.load <configname> <filename> [auto|cold|warm]',
    help: `Compile and load the VCL file under the name provided. ${LOADING}`,
    min: 2,
    max: 3,
    run: async (program, [name, path, state]) => compiled(program, await program.rules.load(name, path, state)),
  },
  {
    request: 'vcl.inline',
    changes: true,
    syntax: 'vcl.inline <configname> <quoted_VCLstring> [auto|cold|warm]',
    help: `Compile and load the VCL text under the name provided. ${LOADING}`,
    min: 2,
    max: 3,
    run: async (program, [name, text, state]) => compiled(program, await program.rules.inline(name, text, state)),
  },
  {
    request: 'vcl.use',
    changes: true,
    syntax: 'vcl.use <configname|label>',
    help: 'Switch to the named configuration: requests that begin from now on go by it, those that have begun go on as they were.',
    min: 1,
    max: 1,
    run: async (program, [name]) => {
      await program.rules.use(name)
      return `VCL '${name}' now active`
    },
  },
  {
    request: 'vcl.state',
    changes: true,
    syntax: 'vcl.state <configname> [auto|cold|warm]',
    help: 'Force the state of the named configuration.',
    min: 2,
    max: 2,
    run: async (program, [name, state]) => {
      await program.rules.state(name, state)
      return ''
    },
  },
  {
    request: 'vcl.discard',
    changes: true,
    syntax: 'vcl.discard <name_pattern>...',
    help: 'Unload the named configurations and labels, users before what they use. They end with the last request that goes by them. One that is active or labelled stays.',
    min: 1,
    max: Infinity,
    run: async (program, patterns) => {
      await program.rules.discard(patterns)
      return ''
    },
  },
  {
    request: 'vcl.label',
    changes: true,
    syntax: 'vcl.label <label> <configname>',
    help: 'Apply a label to a configuration: return (vcl(label)) and vcl.use follow it, wherever it is pointed.',
    min: 2,
    max: 2,
    run: async (program, [label, name]) => {
      await program.rules.label(label, name)
      return ''
    },
  },
  {
    request: 'vcl.list',
    syntax: 'vcl.list [-j]',
    help: 'List all loaded configurations. The fourth column counts the requests and fetches that go by each.',
    min: 0,
    max: 0,
    run: async (program) => columns(await listed(program, statusRow)),
    json: async (program) => jsonList(await listed(program, statusJson)),
  },
  {
    request: 'vcl.deps',
    syntax: 'vcl.deps [-j]',
    help: 'List all loaded configurations and their dependencies.',
    min: 0,
    max: 0,
    json_version: 1,
    run: (program) =>
      columns(program.rules.deps().flatMap(({ name, deps }) => (deps.length === 0 ? [[name]] : deps.map((dep) => [name, dep])))),
    json: (program) => jsonList(program.rules.deps()),
  },
  {
    request: 'vcl.show',
    syntax: 'vcl.show [-v] [<configname>]',
    help: 'Display the source code for the specified configuration, or the active one. -v shows included files, too.',
    min: 0,
    max: 2,
    run: show,
  },
]
