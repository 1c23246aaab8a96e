import { expect, test } from 'vitest'
import { ManualClock } from '../../../src/base/clock.ts'
import { dispatch } from '../../../src/admin/cli/dispatch.ts'
import type { Program } from '../../../src/admin/program.ts'
import { CliLog } from '../../../src/manager/cli-log.ts'
import { readRing } from '../../../src/log/reader.ts'
import { open } from '../log/kit.ts'

test('of a rule text no more is looked at than a record holds', () => {
  const texts: string[] = []
  const cli = new CliLog({ event: (_tag, text) => void texts.push(text) }, new ManualClock())
  cli.read(['vcl.inline', 'a', '\n'.repeat(8e6), 'warm'])
  cli.wrote(106, 'x'.repeat(1e6))
  expect(texts[0].slice(0, 25)).toBe(String.raw`Rd vcl.inline a "\n\n\n\n`)
  expect(texts.map(({ length }) => length < 40_000)).toEqual([true, true])
})

test('commands, their answers and a sign of life are records of no transaction', async () => {
  const { ring, log } = open()
  const cli = new CliLog(log, new ManualClock())
  const program = { transcript: cli, state: () => 'running', pid: 7 } as unknown as Program
  await dispatch(program, ['status'], true)
  await dispatch(program, ['vcl.inline', 'a', 'say "a\\b"\nend'], true)
  await dispatch(program, ['status', 'x'], true)
  await dispatch(program, ['nonsense'], true)
  await dispatch(program, ['status'], false)
  cli.beat()
  const records = [...readRing(ring)].map(({ name, xid, text }) => `${xid} ${name} ${text.replace(/PONG \d+/, 'PONG N')}`)
  expect(records).toEqual([
    '0 CLI Rd status',
    '0 CLI Wr 200 22 Child in state running',
    String.raw`0 CLI Rd vcl.inline a "say \"a\\b\"\nend"`,
    expect.stringMatching(/^0 CLI Wr 300 \d+ ./) as string,
    '0 CLI Rd status x',
    '0 CLI Wr 105 20 Too many parameters\n',
    '0 CLI Rd ping',
    expect.stringMatching(/^0 CLI Wr 200 \d+ PONG N 1\.0$/) as string,
  ])
})
