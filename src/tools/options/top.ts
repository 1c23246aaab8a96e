import { commonOptions } from './common.ts'
import type { OptionRow, ToolRow } from './option.ts'

const OWN: readonly OptionRow[] = [
  { name: '1', about: 'Print the list once and end; implies -d' },
  ...commonOptions('d'),
  {
    name: 'f',
    about: 'Only the first field of each record',
    more: 'Of `Name: value` that is the name.',
  },
  {
    name: 'p',
    value: 'seconds',
    about: 'Over how long is averaged. Default 60',
    more: 'The numbers are how many there are in so many seconds. With -1 it is how many there were.',
  },
]

export const TOP_TOOL: ToolRow = {
  name: 'top',
  options: [...OWN, ...commonOptions('iIxXbcCEgqQLTnrtVh')],
  description: [
    'Counts the records of the log that are asked for and lists them, the most frequent first: URLs, clients, user agents, or anything else that is logged. With -1 it prints what varnishtop prints.',
    'At most 100,000 different records are counted; when there are more, the rarest make room.',
    'Keys of the screen: `q` quits, CTRL-L draws it again, CTRL-T at once. With -d or -r it stays when all has been read. Without a terminal (or with `TERM=dumb`) it is -1.',
  ],
  examples: [
    ['lacquer top -i ReqURL', 'URLs that are asked for most'],
    ['lacquer top -C -I ReqHeader:User-Agent', 'user agents'],
    ['lacquer top -1 -f -i ReqStart', 'clients, once'],
    ['lacquer top -i BereqURL -q "BerespStatus >= 500"', 'what fails at the backends'],
  ],
  signals: [],
}
