import { COMMANDS } from '../admin/commands/table.ts'
import { page, table } from './page.ts'

const STATUSES = [
  ['200', 'carried out'],
  ['201', 'carried out; the answer is longer than the parameter cli_limit, and was cut off'],
  ['100', 'the line cannot be split into words'],
  ['101', 'there is no such command'],
  ['102', 'the command has no answer in JSON, or is one that is not carried out here'],
  ['104, 105', 'too few, too many arguments'],
  ['106', 'an argument is wrong: rules that are not accepted, an unknown name, a value out of bounds'],
  ['107', 'say first who you are'],
  ['300', 'it cannot be done now'],
  ['500', 'the connection is closed'],
]

/** docs/reference/cli.md. */
export function cliPage(): string {
  const rows = COMMANDS.map(({ syntax, help, debug }) => [`\`${syntax}\``, debug ? `${help} (Listed by \`help -a\`.)` : help])
  const differing = COMMANDS.flatMap(({ request, differs }) => (differs === undefined ? [] : [[`\`${request}\``, differs]]))
  return page(
    'Admin commands',
    'For `lacquer adm`, varnishadm and whoever else speaks the protocol of varnishd’s CLI, where `serve -T` listens, or on the connection that `serve -M` makes. Names, arguments and answers are varnishd’s; -j asks for JSON.',
    table(['command', 'what it does'], rows),
    '## What differs from varnishd',
    'All commands of varnishd 7.1 are known; arguments that are missing or wrong have its status codes. Texts of errors may be longer than its own: they say what was meant, or what to do.',
    table(['command', 'here'], differing),
    '## The protocol',
    'An answer begins with a status of three digits, a blank and the length of its text in eight characters, and a line feed; its text and another line feed follow.',
    table(['status', 'meaning'], STATUSES),
    'A line is split at white space. A word in quotes may hold blanks; `\\n`, `\\r`, `\\t`, `\\"`, `\\\\`, `\\ooo` and `\\xhh` are understood in any. `<< WORD` at the end of a line makes what follows, up to WORD, the last argument.',
    'With `-S file` a connection begins with status 107 and a challenge, the first line of its text. The answer is `auth` and, in hexadecimal, the SHA-256 of challenge, line feed, the whole file, challenge, line feed.',
  )
}
