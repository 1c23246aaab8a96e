/** Options of the tools that read the log and the counters: rows that the parser, --help and docs/reference read. */

export interface OptionRow {
  /** One letter for `-d`, a word for `--json`. */
  readonly name: string
  /** What follows it; undefined for a switch. */
  readonly value?: string
  /** May be given more than once; of others the last one counts, as in Varnish's tools. */
  readonly repeat?: true
  /** One line, for --help. */
  readonly about: string
  /** What the page says beyond that. */
  readonly more?: string
}

export interface ToolRow {
  /** As in `lacquer log`. */
  readonly name: string
  readonly about: string
  readonly options: readonly OptionRow[]
  /** Paragraphs of the page. */
  readonly description: readonly string[]
  /** A command and what it does. */
  readonly examples: readonly (readonly [command: string, about: string])[]
  /** Signals it acts on beside SIGINT and SIGTERM, and what it does then. */
  readonly signals: readonly (readonly [signal: string, about: string])[]
}

export function optionText(row: OptionRow): string {
  return `${row.name.length === 1 ? '-' : '--'}${row.name}${row.value === undefined ? '' : ` ${row.value}`}`
}
