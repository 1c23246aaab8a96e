import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import type { createRequire } from 'node:module'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { SystemClock } from '../../../src/base/clock.ts'
import { OperatorError } from '../../../src/base/errors.ts'
import { CounterSet } from '../../../src/counters/counters.ts'
import { KeptSockets } from '../../../src/listen/kept-sockets.ts'
import { Loans } from '../../../src/listen/loans.ts'
import { Operations } from '../../../src/manager/operations.ts'
import { Publication } from '../../../src/manager/publication.ts'
import { openMapping } from '../../../src/shm/mapping.ts'
import { newCrew } from '../../kit/crew.ts'

vi.mock(import('node:module'), async (original) => {
  const module = await original()
  const without = (from: string) => {
    const load = module.createRequire(from)
    return (id: string) => {
      if (id.includes('koffi')) throw new Error('it is not installed')
      return load(id) as unknown
    }
  }
  return { ...module, createRequire: without as unknown as typeof createRequire }
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

test('workers listen by themselves: a unix socket and a port are served, and served again when one has died', async () => {
  const path = join(home, 's')
  const crew = await newCrew(2, `-b 127.0.0.1:9 -a 127.0.0.1:0 -a ${path}`).start()
  try {
    expect(new KeptSockets(false, new Loans()).lend(crew.endpoints, 0)).toEqual([])
    expect(crew.workers['threads'].map((thread) => thread['sockets'].open)).toEqual([false, false])
    expect([await status({ path }), await status({ port: crew.port })]).toEqual(['503', '503'])
    await crew.kill(0)
    await crew.replaced(1)
    expect([await status({ path }), await status({ port: crew.port })]).toEqual(['503', '503'])
  } finally {
    await crew.close()
  }
  expect(existsSync(path)).toBe(false)
})

/** Of the answer to a request. */
function status(to: { path: string } | { port: number }): Promise<string> {
  return new Promise((resolve, reject) => {
    const client = connect({ ...to, host: '127.0.0.1' }, () => client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n'))
    client.on('error', reject)
    client.once('data', (data) => {
      client.destroy()
      resolve(String(data).slice(9, 12))
    })
  })
}
