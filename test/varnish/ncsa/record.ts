import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { answerOf, inFolder } from '../log/ask.ts'
import { questions, theirs } from './ask.ts'

/** `node test/varnish/ncsa/record.ts`: what the installed varnishncsa 7.1 prints becomes the record. */
const lines = await inFolder((folder) =>
  questions(folder).map((asked) => JSON.stringify(answerOf(asked.options, Buffer.from(theirs(asked), 'latin1')))),
)
writeFileSync(fileURLToPath(new URL('recorded.json', import.meta.url)), `[\n${lines.join(',\n')}\n]\n`)
