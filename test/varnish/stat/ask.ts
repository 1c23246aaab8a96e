import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { CounterReader } from '../../../src/counters/read/counter-reader.ts'
import { counterFilter } from '../../../src/counters/read/glob.ts'
import { AttachedDirectory } from '../../../src/shm/vsm/attach.ts'
import { STAT_TOOL } from '../../../src/tools/options/stat.ts'
import { parseOptions } from '../../../src/tools/options/parse.ts'
import { printed } from '../../../src/tools/stat/main.ts'

/** What varnishstat and ours are asked about the counters of a varnishd. */
export const QUESTIONS: readonly (readonly string[])[] = [
  ['-1'],
  ['-j'],
  ['-x'],
  ['-l'],
  ['-1', '-f', 'MAIN.s*', '-f', '^*'],
  ['-1', '-f', '^MAIN.*', '-f', 'M*'],
  ['-1', '-X', 'LCK.*', '-X', 'MEMPOOL.*'],
  ['-j', '-I', 'VBE.*', '-I', 'SMA.*.g_*', '-X', '*'],
  ['-1', '-I', 'M[!A]*.[[:alpha:]]*t?me'],
  ['-j', '-f', 'none'],
]

export const RECORDED_DIRECTORY = new URL('directory.json.gz', import.meta.url)

/** The work directory that was recorded, as files. */
export function unpack(into: string): void {
  const files = JSON.parse(gunzipSync(readFileSync(RECORDED_DIRECTORY)).toString()) as Record<string, string>
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(into, path)), { recursive: true })
    writeFileSync(join(into, path), Buffer.from(content, 'base64'))
  }
}

/** Without the time at which it was asked. */
export function withoutTime(text: string): string {
  return text.replace(/(timestamp"?[:=] ?")[^"]*/, '$1')
}

export function theirs(directory: string, options: readonly string[]): string {
  return withoutTime(spawnSync('varnishstat', ['-n', directory, ...options], { encoding: 'utf8' }).stdout)
}

export function ours(directory: string, options: readonly string[]): string {
  const attached = new AttachedDirectory(directory)
  const reader = new CounterReader(attached)
  try {
    const given = parseOptions(STAT_TOOL, options)
    return withoutTime(printed(given, reader.read(), counterFilter(given.list)))
  } finally {
    reader.close()
    attached.close()
  }
}
