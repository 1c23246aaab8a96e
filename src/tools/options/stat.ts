import { commonOptions } from './common.ts'
import type { OptionRow, ToolRow } from './option.ts'

const OWN: readonly OptionRow[] = [
  { name: '1', about: 'Print the counters once and end' },
  {
    name: 'f',
    value: 'glob',
    repeat: true,
    about: 'Counters whose names fit; with ^ before it, those whose do not',
    more: 'Of -f, -I and -X the first that fits a name decides. A name that none fits is shown when only exclusions were given. In a glob, `*`, `?`, `[a-z]` and a backslash mean what they mean to a shell.',
  },
  { name: 'I', value: 'glob', repeat: true, about: 'Counters whose names fit' },
  { name: 'X', value: 'glob', repeat: true, about: 'Not counters whose names fit' },
  { name: 'j', about: 'Print them once as JSON' },
  { name: 'x', about: 'Print them once as XML' },
  { name: 'l', about: 'List their names and what they are' },
  {
    name: 'r',
    about: 'Gauges as they are',
    more: 'A gauge that was counted down before it was counted up is a number near 2^64 for a moment; without -r it is 0.',
  },
]

export const STAT_TOOL: ToolRow = {
  name: 'stat',
  options: [...OWN, ...commonOptions('ntVh')],
  description: [
    'Shows the counters of a running server ([their list](counters.md)), of this or of Varnish’s: on a terminal a screen that follows them, with -1, -j, -x and -l what they are now. What it prints is what varnishstat prints.',
    'The second number of -1 is the rate: for a counter the average in each second since the start, for a gauge there is none.',
    'Keys of the screen: `h` lists them. Without a terminal (or with `TERM=dumb`) it is -1.',
  ],
  examples: [
    ['lacquer stat', 'the screen'],
    ['lacquer stat -1 -f "MAIN.cache*"', 'hits and misses'],
    ['lacquer stat -j -I "VBE.*" -X "*.happy"', 'backends, for a program'],
  ],
  signals: [],
}
