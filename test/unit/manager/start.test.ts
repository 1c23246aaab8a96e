import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { builtMain } from '../../kit/built.ts'

const MAIN = builtMain()

function serveIn(directory: string, before: string, ...args: string[]) {
  const script = `cd "$1" && ${before} && shift && exec "$@"`
  const command = [process.execPath, MAIN, 'serve', ...args]
  return spawnSync('/bin/sh', ['-c', script, 'sh', directory, ...command], { encoding: 'utf8' })
}

test('a working directory that was removed is one line', () => {
  const directory = mkdtempSync(join(tmpdir(), 'lacquer-'))
  const { status, stderr } = serveIn(directory, 'rmdir "$1"', '-a', '127.0.0.1:0')
  expect(stderr).toBe('lacquer: the working directory does not exist any more: start from another\n')
  expect(status).toBe(1)
})

test('a unix socket in a directory that does not exist is one line', () => {
  const directory = mkdtempSync(join(tmpdir(), 'lacquer-'))
  const { status, stderr } = serveIn(directory, 'true', '-a', `${directory}/none/s`)
  expect(stderr).toBe(`lacquer: cannot listen on ${directory}/none/s: the directory ${directory}/none does not exist\n`)
  expect(status).toBe(1)
  rmSync(directory, { recursive: true })
})
