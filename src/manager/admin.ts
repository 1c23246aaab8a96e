import { arch, release, type } from 'node:os'
import { join } from 'node:path'
import type { CliServer } from '../admin/cli/server.ts'
import { Fault, STATUS } from '../admin/fault.ts'
import type { BackendRow, BanRow, ChildState, Panic, ParameterView, Program, StoreRow, Transcript } from '../admin/program.ts'
import type { RuleSets } from '../admin/rule-sets.ts'
import type { Clock } from '../base/clock.ts'
import { messageOf, OperatorError } from '../base/errors.ts'
import type { ServeOptions } from '../config/command-line.ts'
import { TRANSIENT } from '../config/storage.ts'
import { version } from '../config/version.ts'
import { formatEndpoint } from '../listen/address.ts'
import { SOCKET } from '../shm/vsm/places.ts'
import type { Explanation } from '../explain/contract.ts'
import type { Asked } from '../explain/request.ts'
import { backendRows, type Matches, type Directors } from './backend-rows.ts'
import type { Child } from './child.ts'
import type { Explaining } from './explaining.ts'
import type { LiveParameters } from './live-parameters.ts'
import type { Operations } from './operations.ts'
import type { Publication } from './publication.ts'
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
  readonly publication: Publication
  /** To whoever has started us. */
  readonly say: (text: string) => void
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

  async start(): Promise<void> {
    const { rules, child } = this.parts
    const rows = await rules.list()
    if (rows.every(({ status }) => status !== 'active')) throw new Fault(STATUS.cant, rows.length === 0 ? 'No VCL loaded' : 'No active VCL')
    return child.start()
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

  async setHealth(matches: Matches, admin: 'probe' | 'healthy' | 'sick'): Promise<number> {
    const { health } = this.parts.supplies
    const directors = await this.parts.directors()
    let count = health.setAdmin(matches, admin).length
    for (const [set, listed] of directors) {
      for (const { name } of listed) {
        if (!matches(set, name)) continue
        health.setDirector(set, name, admin)
        count++
      }
    }
    return count
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

  beforeAnswer(): void {
    this.parts.publication.show()
  }

  async xid(next?: number): Promise<number> {
    const { options, supplies, child } = this.parts
    if (next !== undefined) {
      Atomics.store(supplies.xids, 0, options.parameters.vsl_version === '2' ? next + 1 : Math.max(1, next))
      await child.forgetXids()
    }
    return Atomics.load(supplies.xids, 0)
  }

  panicWorker(): void {
    this.parts.child.panic()
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

/** Begins to load what `openAdmin` will need. */
export function preloadAdmin(): void {
  import('../admin/cli/server.ts').catch(() => {})
}

/** All ways that commands can come in by, but -I. They say where they are. Resolves when commands can be given. */
export async function openAdmin(program: Program, parts: AdminParts, onEnd: () => void): Promise<CliServer | undefined> {
  const { options, operations, clock, publication } = parts
  const { listen, unsaid, call, onInput } = options.admin
  const secret = secretOf(parts)
  const wanted = call !== undefined || onInput || (listen !== undefined && !unsaid)
  if (!wanted && publication.path === undefined) return undefined
  const { CliServer: Cli } = await import('../admin/cli/server.ts')
  const limit = (): number => options.parameters.cli_limit
  const server = new Cli({ program, secret, clock, limit, tell: (level, message) => operations.write(level, message) })
  if (secret !== undefined) publication.say('-S', secret)
  if (publication.path !== undefined) await openLocal(server, publication.path, operations)
  // Without a directory nobody could know of it.
  if (listen !== undefined && !(unsaid && publication.path === undefined)) await openPort(server, parts)
  if (call !== undefined) server.call(call)
  if (onInput) server.converse(process.stdin, process.stdout, onEnd)
  return server
}

async function openPort(server: CliServer, { options, publication, say }: AdminParts): Promise<void> {
  const { listen, unsaid } = options.admin
  const { host, port } = await server.listen(listen ?? { host: '127.0.0.1', port: 0 })
  publication.say('-T', `${host} ${port}\n`)
  if (!unsaid) say(`lacquer: admin port on ${formatEndpoint(host, port)}\n`)
}

/** Where it cannot be, there is the port. */
async function openLocal(server: CliServer, directory: string, operations: Operations): Promise<void> {
  try {
    await server.listenLocal(join(directory, SOCKET))
  } catch (error) {
    operations.write('info', `there is no admin socket in ${directory}: ${messageOf(error)}`)
  }
}

function secretOf({ options, publication }: AdminParts): string | undefined {
  const { secret, makes_secret, listen, unsaid, call } = options.admin
  if (!makes_secret) return secret
  const made = publication.makeSecret()
  const flag = call === undefined ? '-T' : '-M'
  if (made === undefined && (call !== undefined || (listen !== undefined && !unsaid)))
    throw new OperatorError(`${flag}: there is no work directory to make a secret in: name one with -S file, or -S none to ask for none`)
  return made
}
