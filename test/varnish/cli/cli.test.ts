import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { expect, test, vi } from 'vitest'
import type { CliAnswer } from '../../../src/admin/cli/client.ts'
import { helpJson } from '../../../src/admin/commands/table.ts'
import { hasVarnish } from '../varnishd.ts'
import { builtMain } from '../../kit/built.ts'
import { COMMANDS } from './commands.ts'
import { converse, varnishd } from './talk.ts'

vi.setConfig({ testTimeout: 120_000 })

/** A hundred commands of the admin protocol: varnishd 7.1 has answered them, and we answer alike, or commands.ts says why not. */
const MAIN = builtMain()
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

/** What varnishd says of itself to programs: varnishadm completes words with it. */
interface Listed {
  readonly request: string
  readonly syntax: string
  readonly minarg: number
  readonly maxarg: number
  readonly flags: string
  readonly json: boolean
}

/** Without the help, which is in our words. */
function plain({ request, syntax, minarg, maxarg, flags, json }: Listed): Listed {
  return { request, syntax, minarg, maxarg, flags, json }
}

test('all commands of varnishd are there, with its arguments', () => {
  const [, , body] = RECORDED.find(([words]) => words === 'help -j')!
  const listed = (JSON.parse(body.replaceAll('TIME', '0')) as Listed[]).slice(3)
  expect(listed.length).toBeGreaterThan(30)
  const ours = (JSON.parse(`[${helpJson().slice(1)}]`) as Listed[]).map(plain)
  expect(ours.filter(({ request }) => request !== 'explain')).toEqual(listed.map(plain))
})

test('we answer as varnishd does', async () => {
  const answers = await converse((flags) => spawn(process.execPath, [MAIN, 'serve', '-w', '2', '-s', 'memory,16M', ...flags]))
  expect(shown(answers)).toEqual(theirs)
  const same = COMMANDS.filter(
    ({ words, differs }, i) => differs !== undefined && json(words, answers[i].body) === json(words, RECORDED[i][2]),
  )
  expect(same).toEqual([])
})

test.runIf(hasVarnish())('the record is what varnishd says', async () => {
  expect(shown(await varnishd())).toEqual(theirs)
})
