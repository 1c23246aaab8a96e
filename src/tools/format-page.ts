import { JsonFormat } from '../log/formats/json-format.ts'
import { DEFAULT_FORMAT } from '../log/formats/parser.ts'
import { SPECIFIERS } from '../log/formats/table.ts'
import { page, table } from './page.ts'

/** docs/reference/formats.md. */
export function formatsPage(): string {
  return page(
    'Formats of access log lines',
    'For `-F` and `-f` of [lacquer ncsa](lacquer-ncsa.md). They mean what they mean to varnishncsa.',
    table(
      ['specifier', 'meaning', 'key with --json'],
      SPECIFIERS.map(([text, about]) => [`\`${text}\``, about, keyOf(text)]),
    ),
    'Anything else stands for itself. `\\n` is a line feed, `\\t` a tab; any other character behind a backslash is itself.',
    `Without a format it is \`${DEFAULT_FORMAT}\`.`,
    'What a transaction does not tell is `-`; a query that is not there, and a key that was not logged, are empty. When its start is not known and the format asks for a time, there is no line.',
    'In what is filled in, `"` and `\\` have a backslash before them, and each byte that is not printable ASCII is `\\t`, `\\n`, `\\v`, `\\r` or `\\xHH`. With -j escapes are those of JSON, and UTF-8 stays as it is; where varnishncsa writes what is not JSON (a vertical tab, bytes that are not UTF-8), it is `\\u00HH` here.',
    `With --json a line is an object. Without -F its keys are ${new JsonFormat().keys.map((key) => `\`${key}\``).join(', ')}; \`time\` is UTC to the microsecond. With -F it has the fields of the format, each under the key that the table has, or the one that stands before it: \`client=%h agent=%{User-Agent}i\`. Between fields are blanks. Numbers are numbers, and what the transaction does not tell is null.`,
  )
}

/** None of what is no field, or several. */
function keyOf(text: string): string {
  if (text === '%%' || text === '%{Varnish:default_format}x') return '–'
  return new JsonFormat(text).keys.map((key) => `\`${key}\``).join(', ')
}
