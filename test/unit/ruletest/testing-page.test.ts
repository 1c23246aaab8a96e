import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parseCommandLine } from '../../../src/config/command-line.ts'
import { runTests } from '../../../src/ruletest/main.ts'

const page = readFileSync(new URL('../../../docs/vcl/testing.md', import.meta.url), 'utf8')

/** What the page says is a file, a change to one, or what a command prints. */
const PARTS = /<!-- (file|run|replace): ([^\n]*) -->\n\n```\w*\n([^]*?)```/g

test('docs/vcl/testing.md: what it shows is what is printed', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'testing-page-'))
  const runs: string[] = []
  for (const [, what, argument, text] of page.matchAll(PARTS)) {
    if (what === 'file') writeFileSync(join(folder, argument), text)
    if (what === 'replace') replace(folder, argument)
    if (what === 'run') {
      runs.push(argument)
      const said = await output(folder, argument)
      // Of what fails the page shows the beginning.
      if (text.includes('FAIL')) expect(said.slice(0, text.length)).toBe(text)
      else expect(said).toBe(text)
    }
  }
  rmSync(folder, { recursive: true })
  expect(runs.length).toBe(6)
})

function replace(folder: string, argument: string): void {
  const [, name, from, to] = /^(\S+) "(.*?)" "(.*?)"$/.exec(argument) ?? []
  const path = join(folder, name)
  const before = readFileSync(path, 'utf8')
  expect(before).toContain(from)
  writeFileSync(
    path,
    before.replace(from, () => to),
  )
}

async function output(folder: string, command: string): Promise<string> {
  const [, ...argv] = command.split(' ')
  const options = parseCommandLine(argv.map((word) => (word.endsWith('.test') ? join(folder, word) : word)))
  if (options.command !== 'test') throw new Error('not a test')
  let said = ''
  await runTests(options, { write: (text) => void (said += text), colours: false })
  return said.replaceAll(`${folder}/`, '').replace(/\(\d+ ms\)/, '(N ms)')
}
