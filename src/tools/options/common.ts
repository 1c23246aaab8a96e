import type { OptionRow } from './option.ts'

/** Letters that mean the same in all tools; each picks its own. They are those of Varnish's tools. */
const ROWS: readonly OptionRow[] = [
  { name: 'a', about: 'Append to the file of -w', more: 'Without it, what is in the file is overwritten.' },
  { name: 'b', about: 'Only what concerns backends', more: 'Transactions of kind bereq. With -c, too, what concerns either.' },
  { name: 'c', about: 'Only what concerns clients', more: 'Transactions of kind req, without those of ESI includes.' },
  {
    name: 'C',
    about: 'Patterns and strings match whatever the case',
    more: 'For -q it holds wherever it stands; for -I and -X, of tools that have them, only for those behind it.',
  },
  {
    name: 'd',
    about: 'What is in the log already, then end',
    more: 'Without it, what is written from now on, until the tool is stopped.',
  },
  { name: 'D', about: 'Go on in the background', more: 'Needs -w with a file.' },
  { name: 'E', about: 'ESI includes, too, and only what concerns clients', more: 'As -c, with the requests that pages include.' },
  {
    name: 'g',
    value: 'grouping',
    about: 'What belongs together: session, request, vxid (the default) or raw',
    more: '`vxid`: each transaction on its own. `request`: a request with the fetches, ESI includes and restarts it caused. `session`: all requests of a connection, once that has ended. `raw`: each record on its own, as it comes, those outside of transactions, too. The beginning of a word will do.',
  },
  { name: 'h', about: 'Print this and end' },
  {
    name: 'i',
    value: 'taglist',
    repeat: true,
    about: 'Records of these tags',
    more: 'A list of tags, with commas between them; `*` at the beginning or the end of one stands for anything. When -i or -I is the first of -i, -I, -x and -X, all others are left out.',
  },
  {
    name: 'I',
    value: '[taglist:]regex',
    repeat: true,
    about: 'Records of these tags whose text matches',
    more: 'Of any tag when there is no list.',
  },
  { name: 'k', value: 'number', about: 'End after so many matching groups' },
  {
    name: 'L',
    value: 'number',
    about: 'How many incomplete transactions are kept. Default 1000',
    more: 'When there are more, the oldest is taken for complete, with a VSL record that says `store overflow`.',
  },
  {
    name: 'n',
    value: 'dir',
    about: 'Work directory of the server',
    more: 'As it was told with -n: a path, or a name below /run/lacquer, $XDG_RUNTIME_DIR/lacquer or /tmp/lacquer-UID. Default lacquer. Of a Varnish it is the path, /var/lib/varnish/varnishd.',
  },
  { name: 'P', value: 'file', about: 'Write the process id to a file, which goes with the process' },
  {
    name: 'q',
    value: 'query',
    repeat: true,
    about: 'Only groups that the query is true of',
    more: 'See [Asking the log](../queries.md). Of several, one has to be true.',
  },
  {
    name: 'Q',
    value: 'file',
    repeat: true,
    about: 'The query is in a file',
    more: 'One on each line; `#` begins a comment, and a backslash at the end of a line goes on.',
  },
  {
    name: 'r',
    value: 'file',
    about: 'Read a file that -w has written; - for standard input',
    more: 'Also one that varnishlog has written, of Varnish up to 7.2 or since 7.3.',
  },
  {
    name: 'R',
    value: 'number[/duration]',
    about: 'At most so many groups in a second, or in a duration such as 2m',
    more: 'Others are left out.',
  },
  {
    name: 't',
    value: 'seconds',
    about: 'How long to wait for the server, or off. Default 5',
    more: '0: it is tried once. off: for ever.',
  },
  {
    name: 'T',
    value: 'seconds',
    about: 'How long a transaction may take. Default 120',
    more: 'After that it is taken for complete, with a VSL record that says `timeout`.',
  },
  { name: 'u', about: 'Write each group to the file of -w at once' },
  { name: 'v', about: 'Transaction and side on each line' },
  { name: 'V', about: 'Print the version and end' },
  { name: 'x', value: 'taglist', repeat: true, about: 'Not records of these tags' },
  {
    name: 'X',
    value: '[taglist:]regex',
    repeat: true,
    about: 'Not records of these tags whose text matches',
    more: 'What -I asks for is shown, though.',
  },
]

/** `letters` in the order in which the page has them. */
export function commonOptions(letters: string): OptionRow[] {
  const rows = letters.split('').map((letter) => ROWS.find(({ name }) => name === letter))
  return rows.filter((row) => row !== undefined)
}
