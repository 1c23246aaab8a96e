import { describe, expect, test } from 'vitest'
import { OperatorError } from '../../../src/base/errors.ts'
import { COMMANDS } from '../../../src/config/flags.ts'
import { toolHelp } from '../../../src/tools/options/help.ts'
import { LOG_TOOL } from '../../../src/tools/options/log.ts'
import { parseOptions } from '../../../src/tools/options/parse.ts'
import { TOOLS } from '../../../src/tools/options/tools.ts'

function parse(line: string): string {
  return parseOptions(
    LOG_TOOL,
    line.split(' ').filter((word) => word !== ''),
  )
    .list.map(({ name, value }) => `${name}=${value}`)
    .join(' ')
}

describe('options as getopt reads them', () => {
  test.each([
    ['-d -g request', 'd= g=request'],
    ['-dg request', 'd= g=request'],
    ['-dgrequest', 'd= g=request'],
    ['-i ReqURL -x a -I -', 'i=ReqURL x=a I=-'],
    ['-q -x', 'q=-x'],
    ['--json', 'json='],
    ['--help', 'h='],
    ['-d --', 'd='],
    ['-n a -n b', 'n=a n=b'],
  ])('%s', (line, expected) => {
    expect(parse(line)).toBe(expected)
  })

  test.each([
    ['-z', '-z: unknown option; see lacquer log -h'],
    ['-dz', '-z: unknown option; see lacquer log -h'],
    ['--jsn', '--jsn: unknown option; did you mean --json?; see lacquer log -h'],
    ['--json=1', '--json: takes no value'],
    ['-g', '-g: a value is missing: -g grouping'],
    ['file', "lacquer log: 'file' stands without an option; see lacquer log -h"],
    ['-d -- file', "lacquer log: 'file' stands without an option; see lacquer log -h"],
  ])('%s is refused', (line, message) => {
    expect(() => parse(line)).toThrow(new OperatorError(message))
  })

  test('the last one counts, where one does', () => {
    const given = parseOptions(LOG_TOOL, ['-g', 'raw', '-g', 'vxid', '-i', 'a', '-i', 'b'])
    expect([given.last('g'), given.all('i'), given.has('x'), given.last('x')]).toEqual(['vxid', ['a', 'b'], false, undefined])
  })
})

test('commands without flags are the tools', () => {
  expect(TOOLS.map(({ name }) => name)).toEqual(COMMANDS.filter(({ flags }) => flags === undefined).map(({ name }) => name))
})

test.each(TOOLS.flatMap(({ examples }) => examples.map(([command]) => command)))('the example %s is accepted', (command) => {
  const [, name, ...args] = command.match(/"[^"]*"|'[^']*'|\S+/g) ?? []
  const tool = TOOLS.find((row) => row.name === name)
  if (tool === undefined) throw new Error(`there is no tool ${name}`)
  expect(parseOptions(tool, args).list.length).toBe(args.filter((word) => word.startsWith('-')).length)
})

test.each(TOOLS.map((tool) => [tool.name, tool] as const))('lacquer %s: no option twice, and help has all of them', (_, tool) => {
  const names = tool.options.map(({ name }) => name)
  expect(new Set(names).size).toBe(names.length)
  const help = toolHelp(tool)
  for (const name of names) expect(help).toContain(`\n  ${name.length === 1 ? '-' : '--'}${name}`)
})
