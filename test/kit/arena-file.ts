import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import { SystemClock } from '../../src/base/clock.ts'
import { Arena } from '../../src/store/arena/arena.ts'
import type { ArenaStore } from '../../src/store/arena/store.ts'
import { arenaStore } from './arena.ts'

/** Arenas in files of a folder that goes with the tests of a file. */

const folder = mkdtempSync(join(tmpdir(), 'lacquer-arena-'))
const open = new Set<Arena>()
let made = 0

afterAll(() => {
  for (const arena of open) arena.abandon()
  rmSync(folder, { recursive: true, force: true })
})

/** A path that no file has yet. */
export function newPath(): string {
  return join(folder, `store-${++made}`)
}

export function openArena(path: string, size_bytes: number): Arena {
  const arena = Arena.inFile(path, size_bytes, new SystemClock())
  open.add(arena)
  return arena
}

/** As if its process had been killed: what was written is there, and nothing else was done. */
export function kill(arena: Arena): void {
  if (open.delete(arena)) arena.abandon()
}

/** In good order. */
export async function close(arena: Arena): Promise<void> {
  open.delete(arena)
  const outcome = await arena.close()
  if (outcome !== 0) throw new Error(outcome)
}

export function storeIn(arena: Arena, worker = 0): ArenaStore {
  const store = arenaStore(arena.handle, { worker })
  store.newRun()
  return store
}
