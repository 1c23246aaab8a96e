import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import type { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { SystemClock } from '../../../src/base/clock.ts'
import { OperatorError } from '../../../src/base/errors.ts'
import { CounterSet } from '../../../src/counters/counters.ts'
import { Operations } from '../../../src/manager/operations.ts'
import { Publication } from '../../../src/manager/publication.ts'
import { openMapping } from '../../../src/shm/mapping.ts'

vi.mock(import('node:module'), async (original) => {
  const none = () => () => {
    throw new Error('it is not installed')
  }
  return { ...(await original()), createRequire: none as unknown as typeof createRequire }
})

const FAULT = 'the package koffi cannot be loaded: it is not installed; run npm ci (without --omit=optional)'
const clock = new SystemClock()
let home = ''
beforeEach(() => void (home = mkdtempSync(join(tmpdir(), 'lacquer-without-'))))
afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(home, { recursive: true })
})

test.each([undefined, 'shop'])('with -n %s the server begins, and says what there is none of', async (name) => {
  vi.stubEnv('RUNTIME_DIRECTORY', join(home, 'run'))
  const publication = new Publication(new CounterSet(), clock, new Operations())
  publication.begin({ name, pidFile: join(home, 'pid'), identity: 'x' })
  expect(publication.remarks).toEqual([
    `there is no work directory, so the tools that read it cannot be used: the work directory: ${FAULT}, or do without the tools that read it`,
  ])
  expect([publication.path, publication.makeSecret(), existsSync(join(home, 'pid'))]).toEqual([undefined, undefined, true])
  publication.close()
})

test('a file store cannot be had', () => {
  const request = { path: join(home, 'store'), size_bytes: 1 << 20, accept: () => undefined }
  expect(() => openMapping(request, clock)).toThrow(new OperatorError(`-s file: ${FAULT}, or use -s memory,SIZE`))
})
