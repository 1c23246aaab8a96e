import { DIAGNOSTIC_CODES } from '../vcl/diagnostic-codes.ts'
import { page, table } from './page.ts'

/** docs/reference/diagnostics.md */
export function diagnosticsPage(): string {
  const rows = Object.entries(DIAGNOSTIC_CODES).map(([code, { severity, about, example }]) => [
    `\`${code}\``,
    severity === 'either' ? 'error or warning' : severity,
    about,
    `\`${example}\``,
  ])
  return page(
    'Diagnostics',
    'What `lacquer check` says of rules that are wrong (errors: they are not loaded) or that do what nobody may have meant (warnings). Each is of a kind whose name stays the same; messages may be worded anew. All errors of a file are told in one run, behind a syntax error as well.',
    table(['code', 'severity', 'meaning', 'for example'], rows),
    '`lacquer check --json` prints one array for all files, a complaint to a line, and nothing else; it is empty when there is none. The exit code is 1 when a file has an error.',
    '```json\n[\n  {"file":"rules.vcl","line":4,"column":6,"endLine":4,"endColumn":13,"severity":"error","code":"unknown-name","message":"unknown symbol \'req.urk\'","hint":"did you mean \'req.url\'?"}\n]\n```',
    table(
      ['member', 'type', 'meaning'],
      [
        ['`file`', 'string', 'the file as it was named, or the included file in which it is'],
        ['`line`, `column`', 'number', 'where it begins, counted from 1; columns in UTF-16 code units, as editors count them'],
        ['`endLine`, `endColumn`', 'number', 'behind its last character; the same place when there is nothing to be marked'],
        ['`severity`', 'string', '`error` or `warning`'],
        ['`code`', 'string', 'one of the table above'],
        ['`message`', 'string', 'what is wrong'],
        ['`hint`', 'string', 'what to do about it; left out when nobody can know'],
      ],
    ),
  )
}
