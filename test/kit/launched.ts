import { execFileSync } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { built } from './built.ts'

const LAUNCHER = fileURLToPath(new URL('../../bin/lacquer', import.meta.url))

/** In place of a Node: says with which options it was to run. */
const TELLS_OPTIONS = `#!/bin/sh
[ "$*" = -v ] && echo v99.0.0 && exit
for one; do case $one in -*) echo "$one" ;; *) exit ;; esac; done
`

/** How bin/lacquer has Node run on this machine: a server of ours that is measured is to run as it does for others. */
export function asLaunched(): { execArgv: string[]; env: NodeJS.ProcessEnv } {
  const directory = mkdtempSync(join(tmpdir(), 'lacquer-launched-'))
  try {
    const node = join(directory, 'node')
    writeFileSync(node, TELLS_OPTIONS)
    chmodSync(node, 0o755)
    const told = execFileSync(LAUNCHER, { env: { ...process.env, LACQUER_NODE: node }, encoding: 'utf8' })
    const cache = join(dirname(fileURLToPath(built('worker'))), '../.cache')
    return { execArgv: told.split('\n').filter((line) => line !== ''), env: { ...process.env, NODE_COMPILE_CACHE: cache } }
  } finally {
    rmSync(directory, { recursive: true })
  }
}
