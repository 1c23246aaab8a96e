import { join } from 'node:path'

/** A probe as rules write it, and what its backend answers, a letter each. */
export interface Course {
  readonly probe: string
  readonly answers: string
}

export const ANSWERS: Readonly<Record<string, string>> = {
  '+': 'HTTP/1.1 200 OK\r\n\r\n',
  '-': 'HTTP/1.1 503 Out\r\n\r\n',
  // Nothing.
  '0': '',
  // What is not HTTP.
  x: 'hello\r\n',
}

export const RECORDED = join(import.meta.dirname, 'probes.json')

/** Windows, thresholds and beginnings, each with good and bad answers in an order that crosses the threshold both ways. */
export const COURSES: readonly Course[] = [
  { probe: '', answers: '+++------+++++++' },
  { probe: '.initial = 0;', answers: '+-+-+-+-+++' },
  { probe: '.initial = 3;', answers: '------++++' },
  { probe: '.initial = 9;', answers: '----------' },
  { probe: '.threshold = 1;', answers: '--+--+' },
  { probe: '.threshold = 5;', answers: '+++++-+-+-++++++' },
  { probe: '.threshold = 3; .window = 3;', answers: '+++-+++0+++x+++' },
  { probe: '.threshold = 1; .window = 1;', answers: '+-+-0x+' },
  { probe: '.threshold = 2; .window = 10; .initial = 1;', answers: '-+--------+++---------------' },
  { probe: '.threshold = 2; .window = 4; .initial = 2;', answers: '++--+-0+x+' },
  { probe: '.threshold = 10; .window = 16; .initial = 10;', answers: '+-+-+-+-+-+-+-+-+-+-++++++++' },
  { probe: '.threshold = 40; .window = 64; .initial = 39;', answers: '+-----------------------------------------' },
  { probe: '.expected_response = 503;', answers: '-+-+----++++++++' },
]
