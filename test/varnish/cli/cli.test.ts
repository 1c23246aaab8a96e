import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test, vi } from 'vitest'
import type { CliAnswer } from '../../../src/admin/cli/client.ts'
import { hasVarnish } from '../varnishd.ts'
import { COMMANDS } from './commands.ts'
import { converse, varnishd } from './talk.ts'

vi.setConfig({ testTimeout: 120_000 })

/** A hundred commands of the admin protocol: varnishd 7.1 has answered them, and we answer alike, or commands.ts says why not. */
const MAIN = fileURLToPath(new URL('../../../src/main.ts', import.meta.url))
const RECORDED = JSON.parse(readFileSync(new URL('recorded.json', import.meta.url), 'utf8')) as [string, number, string][]

function shown(answers: readonly CliAnswer[]): string[] {
  return answers.map(({ status, body }, i) => {
    const { words, differs } = COMMANDS[i]
    return `${words.join(' ')}\n${status}\n${differs === undefined ? json(words, body) : `(${differs})`}`
  })
}

/** Of JSON what it says, not how it is laid out. */
function json(words: readonly string[], body: string): string {
  return words[1] === '-j' && body.startsWith('[') ? JSON.stringify(JSON.parse(body.replaceAll('TIME', '0'))) : body
}

const theirs = shown(RECORDED.map(([, status, body]) => ({ status, body })))

test('we answer as varnishd does', async () => {
  const answers = await converse((flags) => spawn(process.execPath, [MAIN, 'serve', '-w', '2', '-s', 'memory,16M', ...flags]))
  expect(shown(answers)).toEqual(theirs)
})

test.runIf(hasVarnish())('the record is what varnishd says', async () => {
  expect(shown(await varnishd())).toEqual(theirs)
})
