import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { answerOf, inFolder, theirs, TRAFFIC } from './ask.ts'
import { QUESTIONS } from './questions.ts'

/** `node test/varnish/log/record.ts`: what the installed varnishlog 7.1 prints of the recorded traffic becomes the record. */
const lines = await inFolder((folder) => QUESTIONS.map((options) => JSON.stringify(answerOf(options, theirs(TRAFFIC, options, folder)))))
writeFileSync(fileURLToPath(new URL('recorded.json', import.meta.url)), `[\n${lines.join(',\n')}\n]\n`)
