import { formatHttpDate } from '../../http/dates.ts'
import { fnmatch } from '../../vcl/vmods/std/fnmatch.ts'
import { columns, jsonList } from '../cli/framing.ts'
import { Fault, STATUS } from '../fault.ts'
import type { BackendRow, BanRow, Program } from '../program.ts'
import type { Command } from './command.ts'

const GLOB = { pathname: false, noescape: false, period: false }
const ADMIN_STATES: Readonly<Record<string, 'probe' | 'healthy' | 'sick'>> = {
  auto: 'probe',
  probe: 'probe',
  healthy: 'healthy',
  sick: 'sick',
}

/** `[RULESET.]GLOB`; without a rule set the active one. */
async function backendsNamed(program: Program, pattern = '*'): Promise<(rules: string, backend: string) => boolean> {
  const dot = pattern.indexOf('.')
  const backend = pattern.slice(dot + 1)
  const rules = dot < 0 ? await activeRules(program) : pattern.slice(0, dot)
  return (inRules, name) => fnmatch(rules, inRules, GLOB) && fnmatch(backend === '' ? '*' : backend, name, GLOB)
}

async function activeRules(program: Program): Promise<string> {
  const active = (await program.rules.list()).find(({ status }) => status === 'active')
  return active?.label?.name ?? active?.name ?? ''
}

interface Asked {
  readonly rows: readonly BackendRow[]
  readonly details: boolean
}

async function backendsAsked(program: Program, args: readonly string[]): Promise<Asked> {
  const flags = args.filter((arg) => arg.startsWith('-'))
  const patterns = args.filter((arg) => !arg.startsWith('-'))
  const strange = flags.find((flag) => flag !== '-p')
  if (strange !== undefined) throw new Fault(STATUS.param, `Invalid flag ${strange.slice(1)}`)
  if (patterns.length > 1) throw new Fault(STATUS.param, 'Too many arguments')
  return { rows: await program.backends(await backendsNamed(program, patterns[0])), details: flags.length > 0 }
}

function backendCells({ name, admin, good, window, health, last_change_s }: BackendRow): string[] {
  return [name, admin, `${good}/${window}`, health, formatHttpDate(last_change_s * 1000)]
}

async function backendList(program: Program, args: readonly string[]): Promise<string> {
  const { rows, details } = await backendsAsked(program, args)
  const head = ['Backend name', 'Admin', 'Probe', 'Health', 'Last change']
  return columns([head, ...rows.flatMap((row) => [backendCells(row), ...(details ? row.details : [])])])
}

/** Line by line as varnishd has it. */
function backendObject(row: BackendRow, details: boolean): string {
  const { name, type, admin, good, window, health, last_change_s } = row
  const lines = [
    `"type": ${JSON.stringify(type)}`,
    `"admin_health": "${admin}"`,
    `"probe_message": [${good}, ${window}, "${health}"]`,
    ...(details ? [`"probe_details": ${row.details_json}`] : []),
    `"last_change": ${last_change_s.toFixed(3)}`,
  ]
  return `    ${JSON.stringify(name)}: {\n      ${lines.join(',\n      ')}\n    }`
}

async function backendJson(program: Program, args: readonly string[]): Promise<string> {
  const { rows, details } = await backendsAsked(program, args)
  return `\n  {\n${rows.map((row) => backendObject(row, details)).join(',\n')}\n  }`
}

function banLine({ time_s, references, completed, text }: BanRow): string {
  return `${time_s.toFixed(6).padStart(10)} ${String(references).padStart(5)} ${completed ? 'C' : '-'}  ${text}\n`
}

export const OTHER_COMMANDS: readonly Command[] = [
  {
    request: 'ban',
    changes: true,
    syntax: 'ban <field> <operator> <arg> [&& <field> <oper> <arg> ...]',
    help: 'Mark obsolete all objects where all the conditions match.',
    differs: 'An argument in quotes may have blanks, which varnishd loses on the way to its child.',
    min: 3,
    max: Infinity,
    run: async (program, words) => {
      await program.ban(words)
      return ''
    },
  },
  {
    request: 'ban.list',
    syntax: 'ban.list [-j]',
    help: 'List the active bans, the newest first: when it was given, objects that wait at it, C when it is completed, and what it says.',
    min: 0,
    max: 0,
    run: (program) => `Present bans:\n${program.bans().map(banLine).join('')}`,
    json: (program) =>
      jsonList(
        program.bans().map(({ time_s, references, completed, text }) => ({ time: time_s, refs: references, completed, spec: text })),
      ),
  },
  {
    request: 'backend.list',
    syntax: 'backend.list [-j] [-p] [<backend_pattern>]',
    help: 'List backends and directors: those of the active rules, or, as rules.backend with shell patterns, others. -p adds what their probes have seen, and who is in a director.',
    min: 0,
    max: 2,
    json_version: 3,
    differs:
      'Directors of all types tell of their members, also hash; `*` is the one that a fallback director would choose now; shard does not tell of rampups.',
    run: backendList,
    json: backendJson,
  },
  {
    request: 'backend.set_health',
    changes: true,
    syntax: 'backend.set_health <backend_pattern> [auto|healthy|sick]',
    help: 'Set health status of backend(s) and director(s) matching <backend_pattern>: `auto` believes their probes, and of directors their backends. A director that is set sick is passed over by other directors, and std.healthy() says so; where rules name it itself it chooses all the same.',
    min: 2,
    max: 2,
    run: async (program, [pattern, wanted]) => {
      const admin = Object.hasOwn(ADMIN_STATES, wanted) ? ADMIN_STATES[wanted] : undefined
      if (admin === undefined) throw new Fault(STATUS.param, `Invalid state ${wanted}`)
      const named = await backendsNamed(program, pattern)
      if ((await program.setHealth(named, admin)) > 0) return ''
      throw new Fault(STATUS.param, 'No Backends matches')
    },
  },
  {
    request: 'storage.list',
    syntax: 'storage.list [-j]',
    help: 'List storage devices.',
    differs: 'Kinds are `memory` and `file`.',
    min: 0,
    max: 0,
    run: (program) =>
      `Storage devices:\n${program
        .stores()
        .map(({ name, kind }) => `\tstorage.${name} = ${kind}\n`)
        .join('')}`,
    json: (program) => jsonList(program.stores().map(({ name, kind }) => ({ name, storage: kind }))),
  },
]
