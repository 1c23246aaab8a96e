import { closeSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { type Level, openLog, Operations } from '../../../src/manager/operations.ts'

test('a line is JSON, with its level and who says it', async () => {
  const path = join(tmpdir(), `lacquer-operations-${process.pid}`)
  const fd = openSync(path, 'w')
  const log = await openLog(fd)
  log.warn('the store is small')
  closeSync(fd)
  expect(JSON.parse(readFileSync(path, 'utf8'))).toMatchObject({ level: 40, name: 'lacquer', msg: 'the store is small' })
  rmSync(path)
})

test('a disk that is full costs lines and nothing else', async () => {
  const full = openSync('/dev/full', 'w')
  expect(() => writeSync(full, 'a line')).toThrow('ENOSPC')
  const log = await openLog(full)
  // What throws here, or is an "error" that nobody hears, fails the run.
  for (let i = 0; i < 3; i++) {
    log.error('nobody will read this')
    await new Promise((resolve) => setImmediate(resolve))
  }
  closeSync(full)
})

test.each([
  ['info', ['a', 'b', 'c']],
  ['warn', ['b', 'c']],
  ['error', ['c']],
] as const)('of level %s: %j', (level, expected) => {
  const said: string[] = []
  class Heard extends Operations {
    protected override put(_level: Level, message: string): void {
      said.push(message)
    }
  }
  const operations = new Heard(() => level)
  operations.write('info', 'a')
  operations.write('warn', 'b')
  operations.write('error', 'c')
  expect(said).toEqual(expected)
})
