import { hostname } from 'node:os'
import { parseArgs } from 'node:util'
import { OperatorError } from '../base/errors.ts'
import { nearest } from '../base/nearest.ts'
import { formatBytes, parseDuration } from '../base/units.ts'
import type { BackendArgument, HostPort, NO_BACKEND } from './addresses.ts'
import { isLoopback, parseBackend, parseHostPort } from './addresses.ts'
import { asVarnishd } from './as-varnishd.ts'
import { type AdminOptions, adminOptions } from './admin-options.ts'
import type { CommandRow, FlagRow } from './flags.ts'
import { COMMANDS, commandHelp, flagText, generalHelp } from './flags.ts'
import type { ParameterValues } from './parameters.ts'
import { defaultParameters } from './parameters.ts'
import { setParameter } from './parameter-values.ts'
import type { Stores } from './storage.ts'
import { parseStores, storeNames } from './storage.ts'
import { version } from './version.ts'
import { defaultWorkers, parseWorkers } from './workers.ts'

export interface ServeOptions extends Stores {
  readonly command: 'serve'
  /** The values of -a as written: listen/address.ts reads them. */
  readonly listen: readonly string[]
  /** At most one of these two; neither: the demo origin. */
  readonly backend: BackendArgument | typeof NO_BACKEND | undefined
  readonly vclFile: string | undefined
  /** -f before the last one: loaded, too, but not active. */
  readonly otherVclFiles: readonly string[]
  readonly parameters: ParameterValues
  readonly workers: number
  readonly identity: string
  /** -n as written; undefined: the default. */
  readonly name: string | undefined
  /** -P */
  readonly pidFile: string | undefined
  readonly metrics: HostPort | undefined
  /** --purge-api: the file of the token, or OPEN. */
  readonly purgeApi: string | undefined
  /** --require-tests */
  readonly requireTests: boolean
  readonly admin: AdminOptions
  /** --varnishd: whoever gives commands may believe that we are varnishd. */
  readonly lenient: boolean
  /** -C: print the compiled rules and end. */
  readonly compileOnly: boolean
}

export interface CheckOptions {
  readonly command: 'check'
  readonly files: readonly string[]
  readonly parameters: ParameterValues
  /** Names of the stores that -s declares, undefined without -s: then rules may name any. */
  readonly stores: readonly string[] | undefined
  /** --emit: print the JavaScript, too. */
  readonly emit: boolean
  /** --json: complaints for programs. */
  readonly json: boolean
}

export interface TestOptions {
  readonly command: 'test'
  /** Test files, or rule files that have one beside them. */
  readonly files: readonly string[]
  /** -p, as given and checked. */
  readonly assignments: readonly string[]
  /** What -p says of it: only tests for that policy run. */
  readonly policy: ParameterValues['policy'] | undefined
  /** -t: parts of names. */
  readonly names: readonly string[]
  readonly json: boolean
  /** -v: traces of tests that pass, too. */
  readonly verbose: boolean
  readonly coverage: boolean
}

export interface FormatOptions {
  readonly command: 'fmt'
  /** `-` is standard input. */
  readonly files: readonly string[]
  /** --check: only say which files are not formatted. */
  readonly check: boolean
  readonly parameters: ParameterValues
}

/** Help or version: print the text and end with success. */
export interface PrintOptions {
  readonly command: 'print'
  readonly text: string
}

export interface AdmOptions {
  readonly command: 'adm'
  /** -T; undefined: as the work directory says. */
  readonly at: HostPort | undefined
  /** -n */
  readonly name: string | undefined
  readonly secret: string | undefined
  readonly timeout_s: number
  /** The command with its arguments; none: those that are typed. */
  readonly words: readonly string[]
}

/** A tool that reads what a server shows: its options are its own (src/tools/options). */
export interface ToolOptions {
  readonly command: 'tool'
  readonly tool: string
  readonly args: readonly string[]
}

/** Where it is asked, and the words of the admin command. */
export interface ExplainOptions extends Omit<AdmOptions, 'command'> {
  readonly command: 'explain'
  readonly json: boolean
}

export type CommandLine =
  | ToolOptions
  | ServeOptions
  | CheckOptions
  | FormatOptions
  | TestOptions
  | AdmOptions
  | ExplainOptions
  | PrintOptions

/** A batch of log records fits a segment of the ring, of which there are eight. */
const LOG_BUFFERS_MIN = 16

/** `argv` without node and program. Throws an OperatorError. */
export function parseCommandLine(argv: readonly string[]): CommandLine {
  const [word, ...rest] = argv
  if (word === undefined || word === '--help' || word === '-h' || word === 'help') return print(generalHelp())
  if (word === '-V' || word === '--version') return versionLine()
  if (word === 'varnishd') return parseCommandLine(asVarnishd(rest))
  const command = COMMANDS.find((row) => row.name === word)
  if (!command) throw new OperatorError(unknownCommand(word))
  if (!command.flags) return { command: 'tool', tool: command.name, args: rest }
  const given = readFlags(command, command.flags, command.name === 'adm' ? flagsFirst(command.flags, rest) : rest)
  if (given.has('help')) return print(commandHelp(command))
  if (given.has('V')) return versionLine()
  if (command.name === 'check') return checkOptions(given)
  if (command.name === 'fmt') return formatOptions(given)
  if (command.name === 'adm') return admOptions(given)
  if (command.name === 'explain') return explainOptions(given)
  return command.name === 'test' ? testOptions(given) : serveOptions(given)
}

/** What follows the command that is to be given is the command's, however it looks. */
function flagsFirst(rows: readonly FlagRow[], args: readonly string[]): string[] {
  let at = 0
  while (at < args.length && args[at].startsWith('-')) {
    const row = rows.find(({ name }) => args[at] === `-${name}`)
    at += row?.value === undefined ? 1 : 2
  }
  return [...args.slice(0, at), '--', ...args.slice(at)]
}

/** The words of the admin command that it is; what is wrong with them is for whoever carries it out to say. */
function explainOptions(given: Given): ExplainOptions {
  const urls = given.all('')
  if (urls.length !== 1)
    throw new OperatorError(`lacquer explain: ${urls.length === 0 ? 'what? Say a URL' : `one URL at a time: ${urls.join(' or ')}?`}`)
  const json = given.has('json')
  const values = ['X', 'H', 'i', 'w'].flatMap((name) => given.all(name).flatMap((value) => [`-${name}`, value]))
  const switches = [...(given.has('secrets') ? ['-s'] : []), ...(given.has('v') ? ['-v'] : [])]
  const words = ['explain', ...(json ? ['-j'] : []), ...values, ...switches, ...urls]
  return { ...admOptions(given), command: 'explain', words, json }
}

function admOptions(given: Given): AdmOptions {
  const [at, seconds] = [given.one('T'), given.one('t')]
  const timeout_s = seconds === undefined ? 60 : parseDuration(seconds)
  if (timeout_s === undefined || timeout_s <= 0) throw new OperatorError(`-t ${seconds}: not a number of seconds`)
  return {
    command: 'adm',
    at: at === undefined ? undefined : parseHostPort('-T', at),
    name: given.one('n'),
    secret: given.one('S'),
    timeout_s,
    words: given.all(''),
  }
}

function print(text: string): PrintOptions {
  return { command: 'print', text }
}

function versionLine(): PrintOptions {
  return print(`lacquer ${version()} (node ${process.versions.node})\n`)
}

function unknownCommand(word: string): string {
  if (word.startsWith('-')) return `${word}: a command comes first, as in 'lacquer serve ${word} ...'; see lacquer --help`
  const names = COMMANDS.map((row) => row.name)
  const varnish = names.find((name) => word === `varnish${name}` && name !== 'test')
  const meant = varnish ?? nearest(word, names)
  return `there is no command '${word}'${meant ? `: did you mean '${meant}'?` : '; see lacquer --help'}`
}

/** Values by flag name in the order given; what stands without a flag is under ''. */
class Given {
  private readonly values = new Map<string, string[]>()

  add(name: string, value: string): void {
    this.values.set(name, [...this.all(name), value])
  }

  has(name: string): boolean {
    return this.values.has(name)
  }

  all(name: string): readonly string[] {
    return this.values.get(name) ?? []
  }

  one(name: string): string | undefined {
    return this.all(name)[0]
  }
}

function readFlags(command: CommandRow, rows: readonly FlagRow[], args: readonly string[]): Given {
  // Lenient, because the messages are ours: what parseArgs saw is judged token by token.
  const options = Object.fromEntries(
    rows.map((row) => [
      row.name,
      { type: row.value === undefined ? 'boolean' : 'string', ...(row.name.length === 1 ? { short: row.name } : {}) } as const,
    ]),
  )
  const { tokens } = parseArgs({ args: [...args], options, strict: false, allowPositionals: true, tokens: true })
  const given = new Given()
  for (const token of tokens) {
    if (token.kind === 'positional') given.add('', token.value)
    if (token.kind === 'option') addFlag(command, rows, given, meant(rows, token))
  }
  return given
}

/** -h is --help, as of other tools, except where varnishd has that letter. */
function meant(rows: readonly FlagRow[], token: OptionToken): OptionToken {
  const help = token.rawName === '-h' && !rows.some(({ name }) => name === 'h')
  return help ? { name: 'help', rawName: '--help', value: undefined } : token
}

interface OptionToken {
  readonly name: string
  readonly rawName: string
  readonly value: string | undefined
}

function addFlag(command: CommandRow, rows: readonly FlagRow[], given: Given, token: OptionToken): void {
  const row = rows.find((candidate) => candidate.name === token.name)
  // One letter takes one dash, a word two.
  if (!row || token.rawName !== flagText({ name: row.name })) throw new OperatorError(unknownFlag(command, rows, token.rawName))
  if (row.refused !== undefined) throw new OperatorError(`${token.rawName}: ${row.refused}`)
  if (row.value === undefined && token.value !== undefined) throw new OperatorError(`${token.rawName}: takes no value`)
  if (row.value !== undefined && token.value === undefined)
    throw new OperatorError(`${token.rawName}: a value is missing: ${flagText(row)}`)
  if (given.has(row.name) && !row.repeat) throw new OperatorError(`${token.rawName}: given twice`)
  given.add(row.name, token.value ?? '')
}

function unknownFlag(command: CommandRow, rows: readonly FlagRow[], rawName: string): string {
  const known = rows.filter((row) => row.name.length > 1).map((row) => `--${row.name}`)
  const meant = rawName.startsWith('--') ? nearest(rawName, known) : undefined
  return `${rawName}: unknown flag${meant ? `; did you mean ${meant}?` : ''}; see lacquer ${command.name} --help`
}

function checkOptions(given: Given): CheckOptions {
  const files = given.all('')
  if (files.length === 0) throw new OperatorError('lacquer check: name at least one rule file')
  const stores = given.has('s') ? storeNames(parseStores(given.all('s'))) : undefined
  if (given.has('json') && given.has('emit')) throw new OperatorError('lacquer check: --json and --emit exclude each other')
  return { command: 'check', files, parameters: parameters(given), stores, emit: given.has('emit'), json: given.has('json') }
}

function formatOptions(given: Given): FormatOptions {
  const files = given.all('')
  if (files.length === 0) throw new OperatorError('lacquer fmt: name at least one rule file, or - for standard input')
  return { command: 'fmt', files, check: given.has('check'), parameters: parameters(given) }
}

function testOptions(given: Given): TestOptions {
  const files = given.all('')
  if (files.length === 0) throw new OperatorError('lacquer test: name at least one test file')
  const assignments = given.all('p')
  const values = defaultParameters()
  for (const assignment of assignments) setParameter(values, assignment)
  return {
    command: 'test',
    files,
    assignments,
    policy: assignments.some((assignment) => /^\s*policy\s*=/.test(assignment)) ? values.policy : undefined,
    names: given.all('t'),
    json: given.has('json'),
    verbose: given.has('v'),
    coverage: given.has('coverage'),
  }
}

function serveOptions(given: Given): ServeOptions {
  const stray = given.one('')
  if (stray !== undefined) throw new OperatorError(`lacquer serve: '${stray}' stands without a flag; rules are given as -f ${stray}`)
  const metrics = given.one('metrics')
  const options: ServeOptions = {
    command: 'serve',
    listen: given.has('a') ? given.all('a') : [':6081'],
    backend: given.has('b') ? parseBackend(given.one('b') ?? '') : undefined,
    vclFile: given.all('f').at(-1),
    otherVclFiles: given.all('f').slice(0, -1),
    ...parseStores(given.all('s')),
    parameters: parameters(given),
    workers: given.has('w') ? parseWorkers(given.one('w') ?? '') : defaultWorkers(),
    identity: given.one('i') ?? hostname(),
    name: given.one('n'),
    pidFile: given.one('P'),
    metrics: metrics === undefined ? undefined : parseHostPort('--metrics', metrics),
    purgeApi: given.one('purge-api'),
    requireTests: given.has('require-tests'),
    admin: adminOptions(given),
    lenient: given.has('varnishd'),
    compileOnly: given.has('C'),
  }
  checkTogether(options)
  return options
}

function checkTogether(options: ServeOptions): void {
  if ([options.vclFile, ...options.otherVclFiles].includes('')) throw new OperatorError('-f: the file name is empty')
  if (options.backend && options.vclFile !== undefined)
    throw new OperatorError('-b and -f exclude each other: declare the backend in the rule file')
  if (options.compileOnly && !options.backend && options.vclFile === undefined)
    throw new OperatorError('-C: needs the rules to compile: -f file or -b backend')
  if (options.requireTests && options.vclFile === undefined) throw new OperatorError('--require-tests: needs rules that have some: -f file')
  checkPurgeApi(options)
  checkLogSizes(options.parameters)
}

/** Throws an OperatorError. */
export function checkLogSizes({ vsl_buffer, vsl_space }: Pick<ParameterValues, 'vsl_buffer' | 'vsl_space'>): void {
  if (vsl_buffer > vsl_space / LOG_BUFFERS_MIN)
    throw new OperatorError(`parameter vsl_buffer: at most 1/${LOG_BUFFERS_MIN} of vsl_space, which is ${formatBytes(vsl_space)}`)
}

/** Of --purge-api: no token is asked for. */
export const OPEN = 'open'

function checkPurgeApi({ purgeApi, metrics }: ServeOptions): void {
  if (purgeApi === undefined) return
  if (purgeApi === '') throw new OperatorError('--purge-api: the file name is empty')
  if (metrics === undefined) throw new OperatorError('--purge-api: needs --metrics host:port, where POST /purge is to be accepted')
  if (purgeApi === OPEN && !isLoopback(metrics.host))
    throw new OperatorError(
      `--purge-api ${OPEN}: only for a loopback address, such as --metrics 127.0.0.1:${metrics.port}; for others name a file with a token`,
    )
}

function parameters(given: Given): ParameterValues {
  const values = defaultParameters()
  const ttl = given.one('t')
  const space = given.one('l')
  if (ttl !== undefined) setParameter(values, `default_ttl=${ttl}`)
  if (space !== undefined) setParameter(values, `vsl_space=${space}`)
  for (const assignment of given.all('p')) setParameter(values, assignment)
  return values
}
