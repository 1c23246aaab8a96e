import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, test } from 'vitest'

/** With few file descriptors the program serves, or says in one line why it does not. */

const LACQUER = fileURLToPath(new URL('../../../bin/lacquer', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'lacquer-files-'))
afterAll(() => rmSync(folder, { recursive: true }))

interface Ended {
  readonly code: number | null
  readonly said: string
}

/** Until it has ended; it is stopped when it is ready. */
function serve(files: number, workers: number, store: string): Promise<Ended> {
  const command = [
    LACQUER,
    'serve',
    '-b',
    '127.0.0.1:1',
    '-a',
    '127.0.0.1:0',
    '-n',
    join(folder, 'work'),
    '-w',
    String(workers),
    '-s',
    store,
  ]
  const child = spawn('/bin/sh', ['-c', `ulimit -n ${files} && exec "$@"`, 'sh', ...command])
  return new Promise((resolve) => {
    let said = ''
    const hear = (chunk: Buffer): void => {
      const before = isReady(said)
      said += chunk.toString()
      // Asked twice it ends at once.
      if (!before && isReady(said)) child.kill('SIGTERM')
    }
    child.stdout.on('data', hear)
    child.stderr.on('data', hear)
    child.once('close', (code) => resolve({ code, said }))
  })
}

const isReady = (said: string): boolean => /^lacquer: ready on /m.test(said)

const STORES = ['memory,16M', `file,${join(folder, 'store')},16M`]

test.each([16, 24, 31, 32, 40, 48, 50, 61])('%i are too few', async (files) => {
  for (const [i, store] of STORES.entries()) {
    const { code, said } = await serve(files, 1 + i, store)
    expect(said).toMatch(/^lacquer: this process may open \d+ files, [^\n]*: raise ulimit -n \(LimitNOFILE= of systemd\)\n$/)
    expect(code).toBe(1)
  }
})

test.each([
  [64, 1, STORES[0]],
  [64, 1, STORES[1]],
  [100, 2, STORES[1]],
])('%i are enough for %i workers and %s', async (files, workers, store) => {
  const { code, said } = await serve(files, workers, store)
  expect(said).toMatch(/^lacquer: ready on /m)
  expect(code).toBe(0)
})
