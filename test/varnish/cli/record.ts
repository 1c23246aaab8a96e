import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { COMMANDS } from './commands.ts'
import { varnishd } from './talk.ts'

/** `node test/varnish/cli/record.ts`: what the installed varnishd 7.1 answers becomes the record. */
const answers = await varnishd()
const lines = answers.map(({ status, body }, i) => JSON.stringify([COMMANDS[i].words.join(' '), status, body]))
writeFileSync(fileURLToPath(new URL('recorded.json', import.meta.url)), `[\n${lines.join(',\n')}\n]\n`)
