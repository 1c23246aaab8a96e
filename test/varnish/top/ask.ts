import { execFileSync } from 'node:child_process'
import { topCounts } from '../../../src/tools/top/main.ts'
import { TOP_TOOL } from '../../../src/tools/options/top.ts'
import { parseOptions } from '../../../src/tools/options/parse.ts'
import { TRAFFIC } from '../log/ask.ts'

export async function ours(options: readonly string[]): Promise<string> {
  return topCounts(parseOptions(TOP_TOOL, ['-r', TRAFFIC, '-1', ...options]))
}

export function theirs(options: readonly string[]): string {
  return execFileSync('varnishtop', ['-r', TRAFFIC, '-1', ...options], { encoding: 'latin1', stdio: ['ignore', 'pipe', 'pipe'] })
}
