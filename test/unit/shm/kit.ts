import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach } from 'vitest'
import { ManualClock } from '../../../src/base/clock.ts'
import type { FileMapping, OpenedMapping } from '../../../src/shm/mapping.ts'
import { openMapping } from '../../../src/shm/mapping.ts'
import type { StoreFileRequest } from '../../../src/shm/store-file.ts'

/** A folder of its own for each test; what it mapped is given back at its end. */

export const MIB = 2 ** 20
export const GIB = 2 ** 30

const folders: string[] = []
const opened = new Set<FileMapping>()

afterEach(() => {
  for (const mapping of opened) close(mapping)
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

export function folder(parent = tmpdir()): string {
  const made = mkdtempSync(join(parent, 'lacquer-shm-'))
  folders.push(made)
  return made
}

export const clock = new ManualClock(Date.UTC(2026, 10, 25, 13, 24, 43, 250))

export function open(path: string, size_bytes = MIB, accept: StoreFileRequest['accept'] = () => undefined): OpenedMapping {
  const result = openMapping({ path, size_bytes, accept }, clock)
  opened.add(result.mapping)
  return result
}

/** The test closes it itself. */
export function forget(mapping: FileMapping): void {
  opened.delete(mapping)
}

export function close(mapping: FileMapping): void {
  opened.delete(mapping)
  mapping.close()
}
