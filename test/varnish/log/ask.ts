import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { logTool } from '../../../src/tools/log/main.ts'
import { LOG_TOOL } from '../../../src/tools/options/log.ts'
import { parseOptions } from '../../../src/tools/options/parse.ts'
import { QUERY_FILE } from './questions.ts'

/**
 * Recorded once, by varnishlog -w, of a varnishd 7.1 that curl and an HTTP/2 client talked to by hand. There is no script that makes it again: it
 * is what the tools are asked about, and what they have to answer is recorded by record.ts.
 */
export const TRAFFIC = fileURLToPath(new URL('traffic.vsl', import.meta.url))

/** What is recorded of an answer. */
export interface Answer {
  readonly options: string
  readonly size_bytes: number
  readonly sha256: string
}

export function answerOf(options: readonly string[], output: Buffer): Answer {
  return { options: options.join(' '), size_bytes: output.length, sha256: createHash('sha256').update(output).digest('hex') }
}

/** The folder has a query file, and takes what is written. */
export async function inFolder<T>(work: (folder: string) => Promise<T> | T): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'lacquer-log-'))
  try {
    writeFileSync(join(folder, 'query'), QUERY_FILE)
    return await work(folder)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** Our tool prints to a file. */
export async function ours(file: string, options: readonly string[], folder: string, as = ['-A']): Promise<Buffer> {
  const output = join(folder, 'output')
  await logTool(parseOptions(LOG_TOOL, ['-r', file, ...as, '-w', output, ...withFile(options, folder)]))
  return readFileSync(output)
}

export function theirs(file: string, options: readonly string[], folder: string): Buffer {
  return execFileSync('varnishlog', ['-r', file, ...withFile(options, folder)], { maxBuffer: 1 << 28, stdio: ['ignore', 'pipe', 'pipe'] })
}

function withFile(options: readonly string[], folder: string): string[] {
  return options.map((option) => (option === 'FILE' ? join(folder, 'query') : option))
}
