import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ncsaTool } from '../../../src/tools/ncsa/main.ts'
import { NCSA_TOOL } from '../../../src/tools/options/ncsa.ts'
import { parseOptions } from '../../../src/tools/options/parse.ts'
import { TRAFFIC } from '../log/ask.ts'
import { HOSTILE_QUESTIONS, hostileFile, QUESTIONS } from './questions.ts'

/** Times of the record are in this zone. */
process.env.TZ = 'UTC'

export interface Asked {
  readonly file: string
  readonly options: readonly string[]
}

export function questions(folder: string): Asked[] {
  const hostile = join(folder, 'hostile.vsl')
  writeFileSync(hostile, hostileFile())
  return [...QUESTIONS.map((options) => ({ file: TRAFFIC, options })), ...HOSTILE_QUESTIONS.map((options) => ({ file: hostile, options }))]
}

export async function ours({ file, options }: Asked, folder: string): Promise<string> {
  const output = join(folder, 'output')
  await ncsaTool(parseOptions(NCSA_TOOL, ['-r', file, '-w', output, ...options]))
  return readFileSync(output, 'latin1')
}

export function theirs({ file, options }: Asked): string {
  return execFileSync('varnishncsa', ['-r', file, ...options], { encoding: 'latin1', stdio: ['ignore', 'pipe', 'pipe'] })
}
