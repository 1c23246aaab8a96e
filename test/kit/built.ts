import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cpSync, existsSync, globSync, mkdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const BUILDS = join(ROOT, 'node_modules/.cache/built')
/** What the bundle is made of. */
const SOURCES = ['package.json', '.rolldown.config.js', 'src/**/*.{ts,vcl}']
/** Builds of older sources are kept for so long: another run may still start them. */
const KEPT_MS = 24 * 3_600_000

/** Where a build of the sources as they are now belongs. */
function placeOf(): string {
  const hash = createHash('sha256')
  for (const path of globSync(SOURCES, { cwd: ROOT }).toSorted()) {
    const { mtimeMs, size } = statSync(join(ROOT, path))
    hash.update(`${path} ${mtimeMs} ${size}\n`)
  }
  return join(BUILDS, hash.digest('hex').slice(0, 16))
}

function build(place: string): void {
  dropOld()
  const part = `${place}.${process.pid}`
  mkdirSync(part, { recursive: true })
  const command = [join(ROOT, 'node_modules/rolldown/bin/cli.mjs'), '-c', '.rolldown.config.js', '-d', join(part, 'dist')]
  const { status, stderr } = spawnSync(process.execPath, command, { cwd: ROOT, encoding: 'utf8' })
  if (status !== 0) throw new Error(`rolldown ended with ${status}: ${stderr}`)
  mkdirSync(join(part, 'dist/vcl'))
  for (const path of globSync('src/vcl/*.vcl', { cwd: ROOT })) cpSync(join(ROOT, path), join(part, path.replace('src', 'dist')))
  cpSync(join(ROOT, 'package.json'), join(part, 'package.json'))
  try {
    renameSync(part, place)
  } catch (error) {
    // Another process was as far.
    rmSync(part, { recursive: true })
    if (!existsSync(place)) throw error
  }
}

function dropOld(): void {
  for (const name of globSync('*', { cwd: BUILDS })) {
    const path = join(BUILDS, name)
    if (performance.timeOrigin + performance.now() - statSync(path).mtimeMs > KEPT_MS) rmSync(path, { recursive: true, force: true })
  }
}

let place: string | undefined

/**
 * The program as it is released, in a few files, but always of the sources as they are: to load and strip two hundred takes a process half of its start,
 * and a thread two thirds.
 */
export function built(entry: 'manager' | 'worker'): URL {
  if (place === undefined) {
    place = placeOf()
    if (!existsSync(place)) build(place)
  }
  return pathToFileURL(join(place, `dist/${entry}/main.js`))
}

/** For a command line. */
export const builtMain = (): string => fileURLToPath(built('manager'))
