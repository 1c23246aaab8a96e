import { commonOptions } from './common.ts'
import type { OptionRow, ToolRow } from './option.ts'

const OWN: readonly OptionRow[] = [
  {
    name: 'A',
    about: 'Text in the file of -w',
    more: 'Without it, -w writes the records as they are, for -r.',
  },
  {
    name: 'w',
    value: 'file',
    about: 'Write to a file; - for standard output',
    more: 'The records themselves, for -r of this and of Varnish’s tools; with -A, text.',
  },
  {
    name: 'json',
    about: 'A JSON object for each group, each on its line',
    more: 'Bytes that are not UTF-8 are told as `\\u00xx`, one for each byte of the payload; such a record has `"latin1": true`.',
  },
]

export const LOG_TOOL: ToolRow = {
  name: 'log',
  options: [...commonOptions('bcCdEgiIkLnPqQrRtTvxX'), ...OWN, ...commonOptions('aDuVh')],
  description: [
    'Reads the log of a running server, or a file, and prints transactions: sessions, requests and fetches with all that was recorded of them. What it prints is what varnishlog prints.',
    'A group is printed when it is complete. A reader that falls behind by most of the ring says `Log overrun`, then `Log reacquired`, and goes on with what is written then; when the server is started anew it says `Log abandoned` and waits for the next log. Neither slows the server.',
  ],
  examples: [
    ['lacquer log', 'every transaction, as it ends'],
    ['lacquer log -g request -q "RespStatus >= 500"', 'requests that were answered with an error, with the fetches behind them'],
    ['lacquer log -g request -q "Timestamp:Process[2] > 1.0" -i Begin,ReqURL,Timestamp', 'slow ones: URL and times'],
    ['lacquer log -d -g raw -i CLI', 'admin commands that are still in the log'],
    ['lacquer log -w /var/log/lacquer.vsl -D -P /run/lacquer-log.pid', 'records to a file, in the background'],
    ['lacquer log -r /var/log/lacquer.vsl -g request -q "ReqURL ~ \'^/shop/\'" --json', 'from that file, for a program'],
  ],
  signals: [
    ['SIGHUP', 'opens the file of -w anew: rename it first'],
    ['SIGUSR1', 'prints what is not complete yet'],
  ],
}
