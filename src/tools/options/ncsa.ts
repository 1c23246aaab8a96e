import { commonOptions } from './common.ts'
import type { OptionRow, ToolRow } from './option.ts'

const OWN: readonly OptionRow[] = [
  {
    name: 'b',
    about: 'Fetches from backends; without -c only these',
    more: 'Bytes and times are then those of the fetch, and %h is the backend.',
  },
  { name: 'c', about: 'Requests of clients: the default' },
  { name: 'E', about: 'Requests of clients, with those of ESI includes' },
  {
    name: 'g',
    value: 'grouping',
    about: 'What a query is asked of: request or vxid (the default)',
    more: 'With `request` a query is about a request and all that it caused together, and each request and fetch of the group has a line, whatever -b, -c and -E say.',
  },
  { name: 'F', value: 'format', about: 'What a line looks like', more: 'See [formats](formats.md).' },
  { name: 'f', value: 'file', about: 'The first line of this file is the format' },
  {
    name: 'j',
    about: 'What is filled in can stand within the quotes of JSON',
    more: 'Text that is missing is then empty and not `-`, a number is 0.',
  },
  {
    name: 'json',
    about: 'A JSON object for each line',
    more: 'With -F, the format names the fields and, where one likes, their keys: `--json -F "client=%h status=%s agent=%{User-Agent}i"`. What is missing is null. Text that is not UTF-8 is read as latin1.',
  },
  {
    name: 'w',
    value: 'file',
    about: 'Write to a file; - for standard output',
  },
]

export const NCSA_TOOL: ToolRow = {
  name: 'ncsa',
  options: [...OWN, ...commonOptions('CdkLnPqQrRtTaDVh')],
  description: [
    'Reads the log of a running server, or a file, and prints a line for each request, as web servers do. What it prints is what varnishncsa prints: the combined format unless -F says otherwise.',
    'What comes from outside cannot forge a line: quotes, backslashes and what is not printable ASCII are escaped, with -j as JSON has it.',
  ],
  examples: [
    ['lacquer ncsa', 'requests, as they are answered'],
    ['lacquer ncsa -F \'%t %s %D "%U%q" %{Varnish:handling}x\'', 'what became of them, and how many microseconds it took'],
    ['lacquer ncsa -q "RespStatus >= 500" --json', 'what failed, for a program'],
    ['lacquer ncsa -b -F "%h %s %{ms}T %U"', 'fetches: backend, status, milliseconds'],
    [
      'lacquer ncsa -F "%h %{VSL:Timestamp:Process[2]}x %{VCL_Log:user}x"',
      'any field of any record, and what rules have logged as `user:…`',
    ],
    ['lacquer ncsa -a -w /var/log/lacquer/access.log -D -P /run/lacquer-ncsa.pid', 'to a file, in the background'],
  ],
  signals: [
    ['SIGHUP', 'opens the file of -w anew: rename it first'],
    ['SIGUSR1', 'prints what is not complete yet'],
  ],
}
