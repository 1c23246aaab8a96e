import { assert } from '../base/assert.ts'
import type { ToolOptions } from '../config/command-line.ts'
import { version } from '../config/version.ts'
import { goBackground, isInBackground } from './log/background.ts'
import { toolHelp } from './options/help.ts'
import { type GivenOptions, parseOptions } from './options/parse.ts'
import { TOOLS } from './options/tools.ts'

/** A tool's program; each is loaded when it is the one that runs. */
const PROGRAMS: Readonly<Record<string, () => Promise<(given: GivenOptions) => Promise<number>>>> = {
  log: async () => (await import('./log/main.ts')).logTool,
  ncsa: async () => (await import('./ncsa/main.ts')).ncsaTool,
  stat: async () => (await import('./stat/main.ts')).statTool,
  top: async () => (await import('./top/main.ts')).topTool,
  hist: async () => (await import('./hist/main.ts')).histTool,
}

/** Runs a tool to its end, and resolves with the exit code. */
export async function runTool({ tool, args }: ToolOptions, print: (text: string) => void): Promise<number> {
  const row = TOOLS.find(({ name }) => name === tool)
  assert(row !== undefined, 'a command without flags is a tool')
  const given = parseOptions(row, args)
  if (given.has('h')) print(toolHelp(row))
  else if (given.has('V')) print(`lacquer ${tool} (lacquer ${version()}, node ${process.versions.node})\n`)
  else if (given.has('D') && !isInBackground()) return goBackground(process.stderr)
  else return (await PROGRAMS[tool]())(given)
  return 0
}
