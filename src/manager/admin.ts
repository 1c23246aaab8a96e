import { arch, release, type } from 'node:os'
import type { CliServer } from '../admin/cli/server.ts'
import { Fault, STATUS } from '../admin/fault.ts'
import type { BackendRow, BanRow, ChildState, Panic, ParameterView, Program, StoreRow, Transcript } from '../admin/program.ts'
import type { RuleSets } from '../admin/rule-sets.ts'
import type { Clock } from '../base/clock.ts'
import type { ServeOptions } from '../config/command-line.ts'
import { TRANSIENT } from '../config/storage.ts'
import { version } from '../config/version.ts'
import { formatEndpoint } from '../listen/address.ts'
import type { Explanation } from '../explain/contract.ts'
import type { Asked } from '../explain/request.ts'
import { backendRows, type Matches, type Directors } from './backend-rows.ts'
import type { Child } from './child.ts'
import type { Explaining } from './explaining.ts'
import type { LiveParameters } from './live-parameters.ts'
import type { Operations } from './operations.ts'
import type { WorkerSupplies } from './supplies.ts'

export interface AdminParts {
  readonly options: ServeOptions
  readonly rules: RuleSets
  readonly parameters: LiveParameters
  readonly child: Child
  readonly supplies: WorkerSupplies
  readonly directors: () => Promise<Directors>
  readonly explaining: Explaining
  readonly clock: Clock
  readonly operations: Operations
}

/** The program, as the admin commands see it. */
export class AdminProgram implements Program {
  readonly rules: RuleSets
  readonly parameters: ParameterView
  readonly pid = process.pid
  readonly version = version()
  readonly transcript: Transcript
  private readonly parts: AdminParts

  constructor(parts: AdminParts) {
    this.parts = parts
    this.rules = parts.rules
    this.parameters = parts.parameters
    this.transcript = parts.supplies.cli_log
  }

  get platform(): string {
    const kinds = this.stores().map(({ kind }) => `,-s${kind}`)
    return `${type()},${release()},${arch()}${kinds.join('')}`
  }

  now_s(): number {
    const { clock } = this.parts
    clock.refresh()
    return clock.wall_ms / 1000
  }

  state(): ChildState {
    return this.parts.child.state
  }

  start(): Promise<void> {
    return this.parts.child.start()
  }

  async stop(): Promise<void> {
    const cut = await this.parts.child.stop()
    if (cut > 0) this.parts.operations.write('warn', `${cut} connections were cut: their requests took longer than shutdown_timeout`)
  }

  ban(words: readonly string[]): Promise<void> {
    const fault = this.parts.supplies.upkeep.bans.addWords(words)
    return fault === undefined ? Promise.resolve() : Promise.reject(new Fault(STATUS.param, fault))
  }

  bans(): readonly BanRow[] {
    return this.parts.supplies.upkeep.list()
  }

  async backends(matches: Matches): Promise<readonly BackendRow[]> {
    const { supplies, directors } = this.parts
    return backendRows(supplies.health, await directors(), matches)
  }

  setHealth(matches: Matches, admin: 'probe' | 'healthy' | 'sick'): number {
    return this.parts.supplies.health.setAdmin(matches, admin).length
  }

  stores(): readonly StoreRow[] {
    const rows = this.parts.options.stores.map(({ name, kind }) => ({ name, kind }))
    return [...rows, { name: TRANSIENT, kind: 'memory' }]
  }

  explain(asked: Asked): Promise<Explanation> {
    return this.parts.explaining.explain(asked)
  }

  panic(): Panic | undefined {
    return this.parts.supplies.panics.last
  }

  clearPanic(counted: boolean): void {
    this.parts.supplies.panics.clear(counted)
  }

  operated(command: string, refused: string | undefined): void {
    const { operations } = this.parts
    if (refused === undefined) operations.write('info', `admin: ${command}`)
    else operations.write('warn', `admin: ${command} is refused: ${refused}`)
  }

  listening(): readonly (readonly [name: string, address: string, port: string])[] {
    return this.parts.child.endpoints.map(({ name, host, port, path }) =>
      path === undefined ? [name, host, String(port)] : [name, path, '-'],
    )
  }
}

/** -I. */
export async function beginWith(program: Program, script: string | undefined): Promise<void> {
  if (script === undefined) return
  const { runScript } = await import('../admin/cli/script.ts')
  await runScript(program, script)
}

/** The admin port, where the command line asks for one; it says where it is. */
export async function openAdmin(program: Program, parts: AdminParts): Promise<CliServer | undefined> {
  const { options, operations, clock } = parts
  const { listen, call, secret } = options.admin
  if (listen === undefined && call === undefined) return undefined
  const { CliServer: Cli } = await import('../admin/cli/server.ts')
  const server = new Cli({
    program,
    secret,
    clock,
    limit: () => options.parameters.cli_limit,
    tell: (level, message) => operations.write(level, message),
  })
  if (call !== undefined) server.call(call)
  if (listen === undefined) return server
  const { host, port } = await server.listen(listen)
  process.stdout.write(`lacquer: admin port on ${formatEndpoint(host, port)}\n`)
  return server
}
