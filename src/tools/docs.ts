import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { COMMANDS, flagText } from '../config/flags.ts'
import type { FlagRow } from '../config/flags.ts'
import { PARAMETER_NAMES, parameterRow } from '../config/parameters.ts'
import { formatParameter } from '../config/parameter-values.ts'
import { LEFT_OUT } from '../counters/left-out.ts'
import { prometheusLabels, prometheusName } from '../counters/prometheus-names.ts'
import type { CounterClass } from '../counters/table.ts'
import { COUNTER_CLASSES, counterRows } from '../counters/table.ts'
import { THREAD_METRICS } from '../counters/thread-metrics.ts'
import { VITAL_METRICS } from '../counters/vital-metrics.ts'
import type { TagRow } from '../log/tags.ts'
import { TAGS } from '../log/tags.ts'
import { cliPage } from './cli-page.ts'
import { vmodsPage } from './vmod-page.ts'
import { diagnosticsPage, languagePage } from './vcl-pages.ts'
import { formatsPage } from './format-page.ts'
import { LOG_DIFFERENCES } from './log-differences.ts'
import { toolPage } from './options/help.ts'
import { TOOLS } from './options/tools.ts'
import { page, table } from './page.ts'

/**
 * The reference pages, made from the tables that the program itself reads: `npm run docs` writes them, and
 * test/unit/tools/docs.test.ts fails when one is stale.
 */

const FOLDER = join(dirname(fileURLToPath(import.meta.url)), '../../docs/reference')

/** Every generated page by its file name. */
export const PAGES: Readonly<Record<string, () => string>> = {
  'parameters.md': parametersPage,
  'cli.md': cliPage,
  'counters.md': countersPage,
  'diagnostics.md': diagnosticsPage,
  'flags.md': flagsPage,
  'log-tags.md': logTagsPage,
  'vcl.md': languagePage,
  'vmods.md': vmodsPage,
  'formats.md': formatsPage,
  ...Object.fromEntries(TOOLS.map((tool) => [`lacquer-${tool.name}.md`, () => toolPage(tool)])),
}

/** Names of pages whose file differs from what the tables say. */
export function stalePages(): string[] {
  return Object.keys(PAGES).filter((name) => readPage(name) !== PAGES[name]())
}

function readPage(name: string): string | undefined {
  try {
    return readFileSync(join(FOLDER, name), 'utf8')
  } catch {
    return undefined
  }
}

function parametersPage(): string {
  const rows = PARAMETER_NAMES.map((name) => {
    const row = parameterRow(name)
    const bound = (value: number | undefined): string => (value === undefined ? '' : formatParameter(name, value))
    const unit = row.words?.join(', ') ?? row.unit ?? row.type
    return [
      `\`${name}\``,
      `\`${formatParameter(name, row.default)}\``,
      bound(row.min),
      bound(row.max),
      unit,
      row.flags.join(', '),
      row.about,
    ]
  })
  return page(
    'Parameters',
    'Set with `lacquer serve -p name=value`. Durations take ms, s, m, h, d, w, y (a bare number is seconds), sizes b, k, M, G, T. `must_restart`: read once at start; set with `param.set` it holds after `stop` and `start`, but for policy, vsl_space and worker_heap, which need a restart. All others change while requests are served. `delayed_effect`: for new connections only. `obj_sticky`: fixed when an object is stored. `lacquer`: not in Varnish, or with another default.',
    table(['name', 'default', 'minimum', 'maximum', 'unit', 'flags', 'meaning'], rows),
  )
}

const CLASS_TITLES: Readonly<Record<CounterClass, string>> = {
  MAIN: '## MAIN: the whole program',
  MGT: '## MGT: the manager, and the workers’ lives',
  SMA: '## SMA.&lt;store&gt;: a store in memory, and SMA.Transient: what is held only for those who read it',
  SMF: '## SMF.&lt;store&gt;: a store in a file',
  ARENA: '## ARENA.&lt;store&gt;: a store’s segments and what eviction does',
  VBE: '## VBE.&lt;rule set&gt;.&lt;backend&gt;: a backend',
}

function countersPage(): string {
  const parts = (Object.keys(COUNTER_CLASSES) as CounterClass[]).flatMap((kind) => {
    const labels = prometheusLabels(kind)
    const rows = counterRows(kind).map(([name, row]) => {
      const exported = prometheusName(kind, name, row) + (labels.length === 0 ? '' : `{${labels.join(', ')}}`)
      return [`\`${name}\``, row.type, row.level, row.own ? 'yes' : '', `\`${exported}\``, row.about]
    })
    return [CLASS_TITLES[kind], table(['name', 'type', 'level', 'own', 'in Prometheus', 'meaning'], rows)]
  })
  return page(
    'Counters',
    'Names are Varnish’s where the meaning is; those marked own exist only here. `--metrics host:port` serves them at /metrics, added up over the workers at the moment of the scrape.',
    ...parts,
    '## What else is measured',
    `Beside the counters, /metrics has these. Histograms have the bounds 2^4, 2^5 .. 2^26 microseconds; a worker that takes a dead one's place goes on where that ended.`,
    table(['in Prometheus', 'type', 'meaning'], measureRows()),
    '## What Varnish counts and Lacquer does not',
    table(
      ['counters', 'why'],
      LEFT_OUT.map(([names, why]) => [names.replaceAll(/[A-Z]+\.[a-z_0-9*]+/g, '`$&`'), why]),
    ),
  )
}

function measureRows(): string[][] {
  const threads = Object.entries(THREAD_METRICS).map(([name, { type, about }]) => [`\`${name}{worker}\``, type, about])
  const vitals = Object.entries(VITAL_METRICS).map(([name, { type, labels, about }]) => [`\`${name}{${labels.join(', ')}}\``, type, about])
  return [...vitals, ...threads]
}

function flagsPage(): string {
  const parts = COMMANDS.filter((command) => command.flags).flatMap((command) => {
    const flags = command.flags ?? []
    const refused = flags.filter((row) => row.refused !== undefined)
    return [
      `## lacquer ${command.synopsis}`,
      `${command.about}.`,
      table(['flag', 'meaning'], flags.filter((row) => row.refused === undefined).map(flagRow)),
      ...(refused.length === 0 ? [] : ['Flags of varnishd that are refused:', table(['flag', 'meaning', 'why'], refused.map(refusedRow))]),
    ]
  })
  const tools = TOOLS.map(({ name }) => `[\`lacquer ${name}\`](lacquer-${name}.md)`)
  return page(
    'Commands and flags',
    'Letters are varnishd’s and mean the same.',
    ...parts,
    `Tools have pages of their own: ${tools.join(', ')}.`,
  )
}

function flagRow(row: FlagRow): string[] {
  return [`\`${flagText(row)}\``, row.repeat ? `${row.about}. May be repeated` : row.about]
}

function refusedRow(row: FlagRow): string[] {
  return [`\`${flagText(row)}\``, row.about, row.refused ?? '']
}

function logTagsPage(): string {
  const rows = Object.entries<TagRow>(TAGS)
    .filter(([, row]) => row.where !== 'unused')
    .map(([name, row]) => [
      `\`${name}\``,
      String(row.number),
      String(row.number2),
      row.where,
      row.foreign ? 'Varnish only' : row.masked ? 'masked' : '',
      row.about,
    ])
  return page(
    'Log records',
    'Every record has a tag and belongs to a transaction: a session, a request (req), a fetch (bereq), or none. The first number is that in the log of Varnish up to 7.2 (`-p vsl_version=2`), the second since 7.3 (`vsl_version=3`). Masked tags are recorded only when the parameter `vsl_mask` asks for them (`+Tag`). Those of Varnish only are never written here; the tools know them.',
    table(['tag', '2', '3', 'in', 'default', 'payload'], rows),
    LOG_DIFFERENCES,
  )
}

if (import.meta.main) {
  mkdirSync(FOLDER, { recursive: true })
  for (const [name, text] of Object.entries(PAGES)) writeFileSync(join(FOLDER, name), text())
  console.log(`wrote ${Object.keys(PAGES).join(', ')} in docs/reference`)
}
