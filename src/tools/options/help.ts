import { assert } from '../../base/assert.ts'
import { COMMANDS, type CommandRow, flagText } from '../../config/flags.ts'
import { page, table } from '../page.ts'
import type { OptionRow, ToolRow } from './option.ts'

/** --help. */
export function toolHelp(tool: ToolRow): string {
  const width = Math.max(...tool.options.map((row) => flagText(row).length)) + 2
  const lines = tool.options.map((row) => `  ${flagText(row).padEnd(width)}${row.about}`)
  const { synopsis, about } = commandOf(tool)
  return `lacquer ${synopsis}\n${about}\n\n${lines.join('\n')}\n`
}

/** The page of a tool in docs/reference. */
export function toolPage(tool: ToolRow): string {
  return page(
    `lacquer ${tool.name}`,
    `${commandOf(tool).about}.`,
    '## Synopsis',
    `\`lacquer ${tool.name}\` ${tool.options.map((row) => `[\`${flagText(row)}\`]${row.repeat ? '…' : ''}`).join(' ')}`,
    '## Description',
    ...tool.description,
    '## Options',
    table(['option', 'meaning'], tool.options.map(entry)),
    ...(tool.signals.length === 0 ? [] : ['## Signals', tool.signals.map(([name, about]) => `- \`${name}\` ${about}.`).join('\n')]),
    '## Exit status',
    '0; 1 when the command line or the query is wrong, when there is no server, or when the log or the file cannot be read. SIGINT and SIGTERM end it with 0.',
    '## Examples',
    tool.examples.map(([command, about]) => `- \`${command}\`\n  ${about}`).join('\n'),
  )
}

function commandOf({ name }: ToolRow): CommandRow {
  const command = COMMANDS.find((row) => row.name === name)
  assert(command !== undefined, 'a tool is a command')
  return command
}

function entry(row: OptionRow): string[] {
  const more = row.more === undefined ? '' : ` ${row.more}`
  return [`\`${flagText(row)}\``, `${row.about}.${row.repeat ? ' May be repeated.' : ''}${more}`]
}
