import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { SystemClock } from '../../../src/base/clock.ts'
import { OperatorError } from '../../../src/base/errors.ts'
import { CounterSet } from '../../../src/counters/counters.ts'
import { Operations } from '../../../src/manager/operations.ts'
import { Publication } from '../../../src/manager/publication.ts'
import { CHILD, MGT } from '../../../src/shm/vsm/places.ts'

const FULL = 'ENOSPC: no space left on device, write'

/** No segment of its counters can be written. */
class Unwritable extends CounterSet {
  is_full = true

  override instances(kind: Parameters<CounterSet['instances']>[0]): string[] {
    if (this.is_full) throw new Error(FULL)
    return super.instances(kind)
  }
}

let home = ''
let counters: Unwritable
let publication: Publication
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'lacquer-publication-'))
  vi.stubEnv('RUNTIME_DIRECTORY', home)
  counters = new Unwritable()
  publication = new Publication(counters, new SystemClock(), new Operations())
})
afterEach(() => {
  publication.close()
  vi.unstubAllEnvs()
  rmSync(home, { recursive: true })
})

function begin(name?: string): void {
  publication.begin({ name, pidFile: undefined, identity: 'x' })
}

test('a directory that nobody asked for, and without room, is done without', () => {
  begin()
  const path = join(home, 'lacquer')
  expect(publication.remarks).toEqual([
    `there is no work directory, so the tools that read it cannot be used: work directory ${path}: ${FULL}; name another with -n`,
  ])
  expect([publication.path, readdirSync(path)]).toEqual([undefined, []])
})

test('one that -n names is an error that says what to do', () => {
  const path = join(home, 'shop')
  expect(() => begin(path)).toThrow(new OperatorError(`work directory ${path}: ${FULL}; name another with -n`))
})

test('no room for what the workers count is one, too, and there is a next time', () => {
  const path = join(home, 'shop')
  counters.is_full = false
  begin(path)
  counters.is_full = true
  expect(() => publication.beginChild()).toThrow(new OperatorError(`work directory ${path}: ${FULL}; name another with -n`))
  publication.endChild()
  expect([MGT, CHILD].map((set) => existsSync(join(path, set)))).toEqual([true, false])
  counters.is_full = false
  publication.beginChild()
  expect(existsSync(join(path, CHILD))).toBe(true)
})

test('workers that have been seen once are started again without room, and nobody sees them', () => {
  const path = join(home, 'shop')
  const heard: string[] = []
  const operations = { write: (level: string, line: string) => void heard.push(`${level} ${line}`) } as unknown as Operations
  publication = new Publication(counters, new SystemClock(), operations)
  counters.is_full = false
  begin(path)
  publication.beginChild()
  publication.endChild()
  counters.is_full = true
  publication.beginChild()
  expect(existsSync(join(path, CHILD))).toBe(false)
  expect(heard).toEqual([
    `warn tools see nothing of the workers until these are stopped and started once more: work directory ${path}: ${FULL}; name another with -n`,
  ])
  publication.show()
  publication.endChild()
  counters.is_full = false
  publication.beginChild()
  expect(existsSync(join(path, CHILD))).toBe(true)
})
