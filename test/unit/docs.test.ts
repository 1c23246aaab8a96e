import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { parseCommandLine } from '../../src/config/command-line.ts'
import { parseOptions } from '../../src/tools/options/parse.ts'
import { TOOLS } from '../../src/tools/options/tools.ts'
import { CHECK_FLAGS, EXPLAIN_FLAGS, FORMAT_FLAGS, SERVE_FLAGS, TEST_FLAGS } from '../../src/config/flags.ts'
import { defaultParameters, PARAMETER_NAMES } from '../../src/config/parameters.ts'
import { setParameter } from '../../src/config/parameter-values.ts'
import type { CounterClass } from '../../src/counters/table.ts'
import { COUNTER_CLASSES, counterRows } from '../../src/counters/table.ts'
import { HELPER_SUBS, SUB_NAMES } from '../../src/vcl/check/subs.ts'
import { compileVcl } from '../../src/vcl/load.ts'
import { std } from '../../src/vcl/vmods/std.ts'
import { conformancePage, readmePage } from '../conformance/document.ts'

/** What README.md and docs/ name exists, what they show is accepted. */
const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const README = 'README.md'
const CONFORMANCE = 'docs/conformance.md'
const DECISIONS = readdirSync(join(ROOT, 'docs/decisions')).filter((name) => /^\d/.test(name))
const PAGES = [
  README,
  'vcl-examples/README.md',
  'docs/ARCHITECTURE.md',
  CONFORMANCE,
  'docs/from-varnishd.md',
  'docs/operating.md',
  'docs/queries.md',
  'docs/vcl/backends.md',
  'docs/vcl/patterns.md',
  'docs/vcl/coming-from-varnish.md',
  'docs/vcl/testing.md',
  'docs/vcl/tour.md',
  'docs/decisions/README.md',
  ...DECISIONS.map((name) => `docs/decisions/${name}`),
]
/** Made by `npm run build`. */
const BUILT = /^dist\//

interface Block {
  readonly language: string
  readonly text: string
}

function read(page: string): string {
  return readFileSync(join(ROOT, page), 'utf8')
}

function blocks(page: string): Block[] {
  return [...read(page).matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].map(([, language, text]) => ({ language, text }))
}

/** Text without fenced blocks. */
function prose(page: string): string {
  return read(page).replace(/^```[\s\S]*?^```$/gm, '')
}

/** `code` in running text. */
function spans(page: string): string[] {
  return [...prose(page).matchAll(/`([^`\n]+)`/g)].map(([, text]) => text)
}

function shellLines(page: string): string[] {
  const indented = [...prose(page).matchAll(/^ {4}(.*)$/gm)].map(([, line]) => line)
  return [
    ...blocks(page)
      .filter(({ language }) => language === 'sh')
      .flatMap(({ text }) => text.split('\n')),
    ...indented,
  ]
}

/** Arguments of each `lacquer` in a line of shell or a code span. `*` in file names stays as it is. */
function invocations(line: string): string[][] {
  return line
    .split(/&&|\||;/)
    .map((command) => command.trim().split(/\s+/))
    .flatMap((words) => {
      const at = words.findIndex((word) => /^(?:bin\/)?lacquer$/.test(word))
      const rest = words.slice(at + 1)
      // "docker run ... lacquer serve": the image's name. Without arguments it is only mentioned.
      return at < 0 || rest.length === 0 || words[1] === 'build' ? [] : [rest]
    })
}

function commandLines(page: string): string[][] {
  return [...shellLines(page), ...spans(page)].flatMap(invocations)
}

/** Throws when it is refused. What is quoted was split at its blanks, so that of tools only options without quotes are looked at. */
function accepted(args: readonly string[]): void {
  const parsed = parseCommandLine(args)
  if (parsed.command !== 'tool') return
  const tool = TOOLS.find(({ name }) => name === parsed.tool)
  if (tool === undefined) throw new Error(`there is no tool ${parsed.tool}`)
  const comment = args.indexOf('#')
  const words = comment === -1 ? parsed.args : parsed.args.slice(0, comment - 1)
  if (!words.some((word) => /["']/.test(word))) parseOptions(tool, words)
}

/** What `#...` can lead to: headings, by the name that GitHub gives them, and anchors of our own. */
function anchorsOf(page: string): string[] {
  const headings = [...prose(page).matchAll(/^#+ (.*)$/gm)].map(([, text]) =>
    text
      .toLowerCase()
      .replace(/[^\w\s-]/g, '')
      .replace(/\s/g, '-'),
  )
  return [...headings, ...[...prose(page).matchAll(/<a id="([^"]+)"/g)].map(([, id]) => id)]
}

/** Without what is indented as a session is, and what its comments do to files: `"[?&](utm_|gclid)"` is no link there. */
function running(page: string): string {
  return prose(page).replace(/^ {4}.*$|<!--[\s\S]*?-->/gm, '')
}

describe.each(PAGES)('%s', (page) => {
  test('links lead somewhere', () => {
    const targets = [...running(page).matchAll(/\]\(([^)]+)\)/g)].map(([, target]) => target)
    const files = targets.filter((target) => !/^(?:https?:|#)/.test(target)).map((target) => target.split('#')[0])
    expect(files.filter((file) => !existsSync(join(ROOT, dirname(page), file)))).toEqual([])
  })

  test('links into pages lead to a heading or an anchor', () => {
    const links = [...running(page).matchAll(/\]\(([^)#\s]*)#([^)]+)\)/g)].filter(([, file]) => !/^https?:/.test(file))
    const lost = links.filter(([, file, anchor]) => !anchorsOf(file === '' ? page : join(dirname(page), file)).includes(anchor))
    expect(lost.map(([link]) => link)).toEqual([])
  })

  test('no anchor leads to two places', () => {
    expect(anchorsOf(page).filter((anchor, i, all) => all.indexOf(anchor) !== i)).toEqual([])
  })

  test('files and folders that it names are there', () => {
    const paths = spans(page).filter((text) => /^(?:\.ci|bench|bin|docs|src|test|vcl-examples)\/[\w./-]*$/.test(text))
    expect(paths.filter((path) => !BUILT.test(path) && !existsSync(join(ROOT, path)))).toEqual([])
  })

  test('npm scripts that it names are there', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> }
    const named = [...read(page).matchAll(/npm (?:run ([\w:]+)|(test)\b)/g)].map(([, script, plain]) => script ?? plain)
    expect(named.filter((script) => !Object.hasOwn(scripts, script))).toEqual([])
  })

  test('command lines are accepted', () => {
    for (const args of commandLines(page)) {
      // "`lacquer check` prints".
      if (args.length === 1 && args[0] !== 'serve') continue
      expect(() => accepted(args), `lacquer ${args.join(' ')}`).not.toThrow()
    }
  })

  test('parameters are set to what they take', () => {
    const settings = spans(page).flatMap((text) => [...text.matchAll(/(?:^|\s)-p (\S+=\S+)/g)].map(([, setting]) => setting))
    const known = settings.filter((setting) => setting !== 'name=value' && setting !== 'default_ttl=ttl')
    for (const setting of known) expect(() => setParameter(defaultParameters(), setting), setting).not.toThrow()
  })

  const rules = blocks(page).filter(({ language }) => language === 'vcl')
  for (const policy of ['rfc9111', 'varnish'] as const) {
    test.runIf(rules.length > 0).each(rules)(`rules compile under ${policy}: $text`, ({ text }) => {
      expect(compileVcl(text, { path: page, policy, vcl_path: [] }).text).toBe('')
    })
  }
})

describe('README.md', () => {
  test('shows rules and commands: nothing above is empty', () => {
    expect(blocks(README).filter(({ language }) => language === 'vcl').length).toBeGreaterThan(1)
    expect(commandLines(README).filter(([command]) => command === 'serve').length).toBeGreaterThan(3)
  })

  test('flags that it names exist, and are not refused', () => {
    const accepted = [...SERVE_FLAGS, ...CHECK_FLAGS, ...FORMAT_FLAGS, ...TEST_FLAGS, ...EXPLAIN_FLAGS]
      .filter((row) => row.refused === undefined)
      .map((row) => (row.name.length === 1 ? `-${row.name}` : `--${row.name}`))
    const named = spans(README)
      .map((text) => text.split(' ')[0])
      .filter((word) => /^--?[A-Za-z]/.test(word) && !word.startsWith('--omit'))
    expect(named.length).toBeGreaterThan(10)
    expect(named.filter((flag) => !accepted.includes(flag))).toEqual([])
  })

  test('its table of flags has every flag that is worth a line', () => {
    const rows = [...read(README).matchAll(/^\| `(--?\w+)/gm)].map(([, flag]) => flag)
    expect(rows).toEqual(expect.arrayContaining(['-a', '-b', '-f', '-s', '-p', '--metrics']))
  })

  test('names_like_this are parameters, counters (in Prometheus, too), or words of VCL', () => {
    const counters = (Object.keys(COUNTER_CLASSES) as CounterClass[]).flatMap((kind) => counterRows(kind).map(([name]) => name))
    const words = new Set<string>([
      ...PARAMETER_NAMES,
      ...counters,
      ...[...read('docs/reference/counters.md').matchAll(/`(lacquer_\w+)/g)].map(([, name]) => name),
      ...SUB_NAMES.map((name) => `vcl_${name}`),
      ...HELPER_SUBS,
      'hash_data',
      'obj_stale',
    ])
    const named = spans(README).filter((text) => /^[a-z]+(?:_[a-z0-9]+)+$/.test(text))
    expect(named.length).toBeGreaterThan(20)
    expect(named.filter((name) => !words.has(name))).toEqual([])
  })

  test('its defaults are those of the parameters', () => {
    const reference = new Map(
      [...read('docs/reference/parameters.md').matchAll(/^\| `(\w+)` \| `([^`]*)`/gm)].map(([, name, value]) => [name, value]),
    )
    const rows = [...read(README).matchAll(/^\| ((?:`\w+`(?:, )?)+) \| (\d[\w., ]*) \|/gm)]
    expect(rows.length).toBeGreaterThan(5)
    for (const [, names, values] of rows) {
      const listed = [...names.matchAll(/`(\w+)`/g)].map(([, name]) => name)
      expect(
        listed.map((name) => reference.get(name)),
        names,
      ).toEqual(values.split(', '))
    }
  })

  test('what it lists as refused is refused, function for function', () => {
    const listed = [...read(README).matchAll(/`std\.(\w+)`/g)].map(([, name]) => name).sort()
    expect(listed).toEqual(Object.keys(std.unsupported).sort())
  })

  test('its conformance figures are those that npm test holds', async () => {
    expect(read(README)).toBe(await readmePage(read(README)))
  })

  test('figures of the bench stand between their marks', () => {
    expect(read(README)).toMatch(/^<!-- figures -->\n[\s\S]+\n<!-- end of figures -->$/m)
  })
})

describe(CONFORMANCE, () => {
  test('its figures and exceptions are those that npm test holds: otherwise `npm run docs`', async () => {
    expect(read(CONFORMANCE)).toBe(await conformancePage(read(CONFORMANCE)))
  })

  test('every row says under which policy what is done, and which test shows it', () => {
    const tables = read(CONFORMANCE).split(/^## /m).slice(2)
    expect(tables.length).toBeGreaterThan(4)
    for (const table of tables) {
      const [head, rule, ...rows] = table.split('\n').filter((line) => line.startsWith('|'))
      expect(rule).toMatch(/^[| -]+$/)
      const columns = head.split('|').length
      expect(rows.filter((line) => line.split('|').length !== columns || !/`test\/[\w/.-]+\.test\.ts` \|$/.test(line))).toEqual([])
      expect(rows.length).toBeGreaterThan(4)
    }
  })
})

const REFUSED: readonly { readonly what: string; readonly recv?: string; readonly rest?: string }[] = [
  { what: 'other modules', rest: 'import debug;' },
  { what: 'inline C', rest: 'C{ int x; }C' },
  ...['(*UTF)a', '(*UCP)a', '(*ANYCRLF)a', '(*SKIP:x)a', '(*sr:a)'].map((pattern) => ({
    what: `the pattern ${pattern}`,
    recv: `if (req.url ~ "${pattern}") { return (pass); }`,
  })),
]

describe('what the README says is refused at load', () => {
  const OPTIONS = { path: 'refused.vcl', policy: 'rfc9111', vcl_path: [], errUnref: false } as const
  const rules = (recv: string, rest: string): string =>
    `vcl 4.1;\nbackend default { .host = "127.0.0.1"; }\n${rest}\nsub vcl_recv { ${recv} }\n`

  test('the frame of these tests is itself accepted', () => {
    expect(compileVcl(rules('', ''), OPTIONS).ok).toBe(true)
  })

  test.each(REFUSED)('$what', ({ recv = '', rest = '' }) => {
    const compiled = compileVcl(rules(recv, rest), OPTIONS)
    expect(compiled.ok).toBe(false)
    expect(compiled.text).toMatch(/not supported|not possible/)
  })
})

describe('decisions', () => {
  test('are numbered without a gap, and listed', () => {
    expect(DECISIONS.map((name) => Number(name.slice(0, 4)))).toEqual(DECISIONS.map((_, i) => i + 1))
    const list = read('docs/decisions/README.md')
    for (const name of DECISIONS) expect(list).toContain(`(${name})`)
  })

  test.each(DECISIONS)('%s has its number, context, decision, consequences, and how we would know', (name) => {
    const text = read(`docs/decisions/${name}`)
    expect(text).toMatch(new RegExp(`^# ${name.slice(0, 4)} \\S`))
    for (const part of ['Context.', 'Decision.', 'Consequences.', 'How we would know it was wrong.']) expect(text).toContain(`**${part}**`)
  })
})

describe('docs/operating.md', () => {
  const page = read('docs/operating.md')
  const blocks_of = [...page.matchAll(/^```console\n([^]*?)^```$/gm)].map(([, text]) => text)
  const commands = blocks_of.flatMap((text) => [...text.matchAll(/^\$ lacquer (.*)$/gm)].map(([, line]) => line))

  test('its commands are accepted', () => {
    expect(commands.length).toBeGreaterThan(20)
    for (const line of commands) {
      const words = line.split(' | ', 1)[0].match(/'[^']*'|\S+/g) ?? []
      expect(() => parseCommandLine(words.map((word) => word.replaceAll("'", ''))), line).not.toThrow()
    }
  })

  test('has been run: what went wrong in it was to go wrong', () => {
    expect(blocks_of.filter((text) => /not found|unexpected|cannot be reached\n/.test(text))).toEqual([])
    expect(page.match(/^Command failed/gm)).toHaveLength(2)
    expect(
      blocks_of.filter(
        (text) =>
          text
            .split('\n')
            .filter((line) => !line.startsWith('$ '))
            .join('') === '',
      ),
    ).toHaveLength(1)
  })
})
