import { commonOptions } from './common.ts'
import type { OptionRow, ToolRow } from './option.ts'

const OWN: readonly OptionRow[] = [
  { name: '1', about: 'Print the histogram of what is in the log, or in a file, and end' },
  {
    name: 'B',
    value: 'factor',
    about: 'How fast time passes; of use with -r. Default 1',
    more: 'A file is read at the speed at which it was written times this number. On the screen `<` halves it and `>` doubles it.',
  },
  ...commonOptions('d'),
  {
    name: 'p',
    value: 'seconds',
    about: 'How often the screen is drawn. Default 1',
    more: 'From 1/64 to 512. On the screen `0` to `9` (powers of 2), `+` and `-` change it.',
  },
  {
    name: 'P',
    value: 'profile',
    about: 'What is measured. Default responsetime',
    more: 'For clients responsetime, reqbodytime or size; for backends Bereqtime, Beresptime, BerespBodytime or Besize; or `[c:|b:|E:]tag:[prefix]:field[:min:max]`: the field of that number of records with that tag (and that prefix), on an axis from 10^min to 10^max (-6 and 3).',
  },
  {
    name: 'g',
    value: 'grouping',
    about: 'What a query is asked of: request or vxid (the default)',
  },
]

export const HIST_TOOL: ToolRow = {
  name: 'hist',
  options: [...OWN, ...commonOptions('CqQLTnrtVh')],
  description: [
    'Draws how response times (or what else -P asks for) are distributed: hits as `|`, the rest as `#`, on a logarithmic axis of powers of ten. It is about the last 2000 requests.',
    'In the corner stand how many requests a mark is, how many requests there are, and how often the screen is drawn. Keys are varnishhist’s; `q` quits. With -d or -r the screen stays when all has been read. Without a terminal (or with `TERM=dumb`) it is -1.',
  ],
  examples: [
    ['lacquer hist', 'how long requests take'],
    ['lacquer hist -P size', 'how large responses are'],
    ['lacquer hist -P BerespBodytime', 'how long fetches take'],
    ['lacquer hist -P b:Timestamp:Beresp:3:-4:1 -q "BereqURL ~ \'^/api/\'"', 'how long a part of a backend takes until it answers'],
    ['lacquer hist -1 -r /var/log/lacquer.vsl', 'of a file, for a printer'],
  ],
  signals: [],
}
