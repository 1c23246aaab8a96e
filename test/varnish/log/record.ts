import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { answerOf, inFolder, theirs, TRAFFIC } from './ask.ts'
import { QUESTIONS } from './questions.ts'
import { strange } from './strange.ts'

/**
 * `node test/varnish/log/record.ts`: what the installed varnishlog 7.1 prints of the recorded traffic, and of strange logs, becomes the record.
 */
const SEEDS = 250
const PATIENCE_MS = 1000

function write(name: string, lines: readonly string[]): void {
  writeFileSync(fileURLToPath(new URL(name, import.meta.url)), `[\n${lines.join(',\n')}\n]\n`)
}

await inFolder((folder) => {
  write(
    'recorded.json',
    QUESTIONS.map((options) => JSON.stringify(answerOf(options, theirs(TRAFFIC, options, folder)))),
  )
  const file = join(folder, 'strange.vsl')
  const lines: string[] = []
  for (let seed = 1; seed <= SEEDS; seed++) {
    const log = strange(seed)
    writeFileSync(file, log.file)
    const { status, stdout } = spawnSync('varnishlog', ['-r', file, ...log.options], { timeout: PATIENCE_MS, killSignal: 'SIGKILL' })
    // It aborts on some of them, and on others it goes round in circles.
    if (status === 0) lines.push(JSON.stringify([seed, answerOf(log.options, stdout).sha256.slice(0, 16)]))
  }
  write('strange.json', lines)
})
