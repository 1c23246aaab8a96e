import { page, table } from '../page.ts'
import { type OptionRow, optionText, type ToolRow } from './option.ts'

/** --help. */
export function toolHelp(tool: ToolRow): string {
  const width = Math.max(...tool.options.map((row) => optionText(row).length)) + 2
  const lines = tool.options.map((row) => `  ${optionText(row).padEnd(width)}${row.about}`)
  return `lacquer ${tool.name} [option]...\n${tool.about}\n\n${lines.join('\n')}\n`
}

/** The page of a tool in docs/reference. */
export function toolPage(tool: ToolRow): string {
  return page(
    `lacquer ${tool.name}`,
    `${tool.about}.`,
    '## Synopsis',
    `\`lacquer ${tool.name}\` ${tool.options.map((row) => `[\`${optionText(row)}\`]${row.repeat ? '…' : ''}`).join(' ')}`,
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

function entry(row: OptionRow): string[] {
  const more = row.more === undefined ? '' : ` ${row.more}`
  return [`\`${optionText(row)}\``, `${row.about}.${row.repeat ? ' May be repeated.' : ''}${more}`]
}
