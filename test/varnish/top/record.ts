import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { answerOf } from '../log/ask.ts'
import { theirs } from './ask.ts'
import { QUESTIONS } from './questions.ts'

/** `node test/varnish/top/record.ts`: what the installed varnishtop 7.1 prints of the recorded traffic becomes the record. */
const lines = QUESTIONS.map((options) => JSON.stringify(answerOf(options, Buffer.from(theirs(options), 'latin1'))))
writeFileSync(fileURLToPath(new URL('recorded.json', import.meta.url)), `[\n${lines.join(',\n')}\n]\n`)
