import type { Program } from '../program.ts'

/** One row of the table of admin commands: the dispatcher, `help` and docs/reference/cli.md read it. Names and syntax are varnishd's. */
export interface Command {
  readonly request: string
  readonly syntax: string
  readonly help: string
  /** Arguments, -j not counted. */
  readonly min: number
  readonly max: number
  /** Before a client has proved who it is. */
  readonly open?: true
  /** For those who look for a fault, and for varnishtest: `help -a` lists it. */
  readonly debug?: true
  /** Who has given it is to be known: it is told in the operations log. */
  readonly changes?: true
  /** Where it differs from varnishd, or what it does here. */
  readonly differs?: string
  /** Answers; what it cannot do it throws as a Fault. */
  readonly run: (program: Program, args: readonly string[]) => string | Promise<string>
  /** -j: the payload of the envelope. */
  readonly json?: (program: Program, args: readonly string[]) => string | Promise<string>
  readonly json_version?: number
}
