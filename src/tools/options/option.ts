import type { FlagRow } from '../../config/flags.ts'

/** Options of the tools that read the log and the counters: rows that the parser, --help and docs/reference read. */

/** Of those that may not be repeated the last one counts, as in Varnish's tools. `about` is one line, for --help. */
export interface OptionRow extends Omit<FlagRow, 'refused'> {
  /** What the page says beyond that. */
  readonly more?: string
}

export interface ToolRow {
  /** As in `lacquer log`, of which src/config/flags.ts has the synopsis and what it is about. */
  readonly name: string
  readonly options: readonly OptionRow[]
  /** Paragraphs of the page. */
  readonly description: readonly string[]
  /** A command and what it does. */
  readonly examples: readonly (readonly [command: string, about: string])[]
  /** Signals it acts on beside SIGINT and SIGTERM, and what it does then. */
  readonly signals: readonly (readonly [signal: string, about: string])[]
}
