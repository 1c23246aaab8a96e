import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { TAGS, type TagRow } from '../src/config/log-tags.ts'
import { PARAMETER_NAMES } from '../src/config/parameters.ts'
import type { CounterClass } from '../src/counters/table.ts'
import { COUNTER_CLASSES, counterRows } from '../src/counters/table.ts'
import type { Source } from './tidy/source.ts'
import { blank, filesUnder, functionsOf, lineOf, referencesOf, ROOT, sources } from './tidy/source.ts'

/** Style that a reviewer would otherwise have to ask for. Every complaint says what to do instead. */

/** A folder imports only from folders above it. */
const ORDER =
  'base config pattern shm log counters http policy vcl store cache origin flow listen explain upkeep cluster admin tools ruletest worker manager'.split(
    ' ',
  )
/** These put the program together and may import everything. */
const ROOTS = ['ruletest', 'worker', 'manager']
const DATA_PLANE = ['store', 'cache', 'origin', 'flow', 'listen', 'worker', 'manager']

const FILE_LINES_MAX = 400
const FUNCTION_LINES_MAX = 70
/** Tables and data may be as long as they are. */
const LONG_FILES = ['src/config/parameters.ts', 'src/counters/table.ts', 'src/config/log-tags.ts', 'src/vcl/check/variables.ts']
/** Tests of a unit lie beside its byte tables: data, too. */
const LONG_FOLDERS = ['test/unit/']

/** Where the program starts, besides files that package.json's scripts name. */
const ENTRIES = ['src/main.ts']
/** The reading side of the log has no tool yet; tests read rings with it. */
const READ_BY_TESTS = ['src/log/reader.ts']

const src = sources('src')
const test_files = sources('test')
const bench = sources('bench')
const everything = [...src, ...test_files, ...bench]

function folderOf(path: string): string {
  return path.split('/')[1]
}

describe('folders', () => {
  test('every source file is in a folder of the design, or is src/main.ts', () => {
    const strange = src.map((file) => file.path).filter((path) => path !== 'src/main.ts' && !ORDER.includes(folderOf(path)))
    expect(strange.map((path) => `${path}: put it into one of ${ORDER.join(' ')}`)).toEqual([])
  })

  test('a folder imports only from folders above it', () => {
    const wrong = src
      .filter((file) => file.path !== 'src/main.ts')
      .flatMap((file) => referencesOf(file).flatMap((target) => misplaced(file, target)))
    expect(wrong).toEqual([])
  })
})

function misplaced(file: Source, target: string): string[] {
  const from = folderOf(file.path)
  const to = folderOf(target)
  if (!target.startsWith('src/') || from === to || ROOTS.includes(from)) return []
  if (from === 'tools' && DATA_PLANE.includes(to)) {
    return [`${file.path}: imports ${target}; tools are other processes: read shared files or ask the admin port`]
  }
  if (ORDER.indexOf(to) < ORDER.indexOf(from)) return []
  return [`${file.path}: imports ${target}, which is below it; move what both need up, or take it as a parameter with a structural type`]
}

describe('sizes', () => {
  test(`a file has at most ${FILE_LINES_MAX} lines`, () => {
    const long = everything.filter((file) => lineCount(file.text) > FILE_LINES_MAX && !mayBeLong(file.path))
    expect(long.map((file) => `${file.path}: ${lineCount(file.text)} lines; split it by what its parts know`)).toEqual([])
  })

  test(`a function has at most ${FUNCTION_LINES_MAX} lines`, () => {
    // Groups of tests are functions, too, but only in form.
    const long = [...src, ...bench, ...test_files.filter((file) => file.path.startsWith('test/kit/'))].flatMap((file) =>
      functionsOf(file)
        .filter((found) => found.lines > FUNCTION_LINES_MAX)
        .map((found) => `${file.path}:${found.line}: ${found.lines} lines in '${found.header}'; name its parts`),
    )
    expect(long).toEqual([])
  })

  test('the list of long files has no entry that is not needed', () => {
    expect(LONG_FILES.filter((path) => !existsSync(join(ROOT, path)) && !path.startsWith('src/vcl'))).toEqual([])
  })
})

function lineCount(text: string): number {
  return lineOf(text, text.length) - 1
}

function mayBeLong(path: string): boolean {
  return LONG_FILES.includes(path) || LONG_FOLDERS.some((folder) => path.startsWith(folder))
}

interface Ban {
  readonly what: string
  readonly pattern: RegExp
  readonly in: readonly Source[]
  readonly except?: (path: string) => boolean
  readonly instead: string
  /** Look at comments and strings, too. */
  readonly everywhere?: true
}

const tests_only = test_files.filter((file) => file.path.endsWith('.test.ts'))
const not_tidy = everything.filter((file) => !file.path.startsWith('test/tidy'))

const BANS: readonly Ban[] = [
  {
    what: 'new Function',
    pattern: /\bnew Function\b/g,
    in: [...src, ...test_files],
    except: (path) => path === 'src/vcl/instantiate.ts',
    instead: 'code is made from text in src/vcl/instantiate.ts only',
  },
  { what: 'eval', pattern: /(?<![.\w])eval\(/g, in: everything, instead: 'code is made from text in src/vcl/instantiate.ts only' },
  {
    what: 'process.binding',
    pattern: /\bprocess\.binding\b/g,
    in: src,
    except: (path) => path.startsWith('src/listen/'),
    instead: 'Node’s internals are touched in src/listen only, with a fall-back',
  },
  {
    what: 'koffi',
    pattern: /'koffi'/g,
    in: src,
    except: (path) => path === 'src/shm/native.ts',
    instead: 'system calls are made in src/shm/native.ts only, which loads koffi when it must',
    everywhere: true,
  },
  {
    what: 'Date.now()',
    pattern: /\bDate\.now\(|\bnew Date\(\)/g,
    in: [...src, ...test_files],
    // std.now() is the time by definition; the demo site is an origin, not the cache.
    except: (path) => /^src\/base\/|^src\/vcl\/vmods\/std\.ts|^src\/manager\/demo|^test\/conformance\//.test(path),
    instead: 'take a Clock (src/base/clock.ts); tests advance a ManualClock',
  },
  {
    what: 'a sleep in a test',
    pattern: /\bsetTimeout\(|timers\/promises/g,
    in: tests_only,
    instead: 'wait for a fact (a counter, a log record, an event) with a deadline from test/kit',
    everywhere: true,
  },
  { what: 'a test switched off', pattern: /\b(?:test|it|describe)\.(?:only|skip|todo)\b/g, in: tests_only, instead: 'fix it or remove it' },
  {
    what: 'a note for later',
    pattern: /\b(?:TODO|FIXME|XXX)\b/g,
    in: not_tidy,
    instead: 'do it now, or write down the limit as a fact',
    everywhere: true,
  },
  {
    what: 'process.exit()',
    pattern: /\bprocess\.exit\(/g,
    in: src,
    except: (path) => path === 'src/main.ts' || path.startsWith('src/manager/'),
    instead: 'throw an OperatorError, or set process.exitCode',
  },
  {
    what: 'a module without its ending',
    pattern: /from '\.[^']*(?<!\.ts|\.js|\.json)'/g,
    in: everything,
    instead: 'write ./name.ts',
    everywhere: true,
  },
]

describe('banned', () => {
  test.each(BANS)('$what', (ban) => {
    const found = ban.in
      .filter((file) => ban.except?.(file.path) !== true && file.path !== 'test/tidy.test.ts')
      .flatMap((file) => {
        const text = ban.everywhere ? file.text : file.code
        return [...text.matchAll(ban.pattern)].map((match) => `${file.path}:${lineOf(text, match.index)}: ${match[0]}; ${ban.instead}`)
      })
    expect(found).toEqual([])
  })

  test('texts outside the repository are not referred to', () => {
    const outside = ['..', 'shared'].join('/')
    const texts = [
      ...filesUnder('src', 'test', 'bench', 'docs', 'bin', 'vcl-examples'),
      'package.json',
      ...['README.md', 'Dockerfile'].filter((name) => existsSync(join(ROOT, name))),
    ]
    const found = texts.filter((path) => readFileSync(join(ROOT, path), 'latin1').includes(outside))
    expect(found.map((path) => `${path}: say it here, or leave it out`)).toEqual([])
  })
})

test('no dead files: all of src is reachable from main.ts or a script of package.json', () => {
  const byPath = new Map(src.map((file) => [file.path, file]))
  const scripts = readFileSync(join(ROOT, 'package.json'), 'utf8').matchAll(/src\/[\w/.-]+\.ts/g)
  const queue = [...ENTRIES, ...READ_BY_TESTS, ...[...scripts].map(([path]) => path)]
  const reached = new Set<string>()
  for (let path = queue.pop(); path !== undefined; path = queue.pop()) {
    const file = byPath.get(path)
    if (reached.has(path) || !file) continue
    reached.add(path)
    queue.push(...referencesOf(file))
  }
  const dead = src.map((file) => file.path).filter((path) => !reached.has(path))
  expect(dead.map((path) => `${path}: nothing uses it; wire it up or delete it`)).toEqual([])
})

describe('tables list only what works', () => {
  const users = src.filter((file) => !/^src\/(?:config|counters|tools)\//.test(file.path)).map((file) => file.text)
  const used = (pattern: RegExp): boolean => users.some((text) => pattern.test(text))

  test('every parameter is read somewhere', () => {
    const idle = PARAMETER_NAMES.filter((name) => !used(new RegExp(`\\.${name}\\b|\\{[^}:]*\\b${name}\\b[^}:]*\\} = `)))
    expect(idle.map((name) => `${name}: nothing reads it; use it or take it out of src/config/parameters.ts`)).toEqual([])
  })

  test('every log tag is written somewhere, but for those that the table says are not', () => {
    const rows = Object.entries<TagRow>(TAGS).filter(([, { where }]) => where !== 'unused' && where !== 'reader')
    const written = rows.filter(([name]) => used(new RegExp(`\\bTAG\\.${name}\\b`))).map(([name]) => name)
    expect(written).toEqual(rows.filter(([, { foreign }]) => !foreign).map(([name]) => name))
  })

  test('every counter is counted somewhere', () => {
    // A store in a file is counted as one in memory.
    const classes = (Object.keys(COUNTER_CLASSES) as CounterClass[]).filter((kind) => kind !== 'SMF')
    const idle = classes.flatMap((kind) =>
      counterRows(kind)
        .map(([name]) => name)
        // Close reasons are counted through their table; the log's five through one slice.
        .filter(
          (name) =>
            !/^(?:sc|shm)_|^sess_closed/.test(name) && !used(new RegExp(`\\b${kind}\\.${name}\\b${kind === 'MAIN' ? `|'${name}'` : ''}`)),
        )
        .map((name) => `${kind}.${name}: nothing counts it; count it or take it out of src/counters/table.ts`),
    )
    expect(idle).toEqual([])
  })
})

describe('the rules see what they should', () => {
  test.each([
    ['strings', `a = 'x { y' + "}"`, `a = ${' '.repeat(7)} + ${' '.repeat(3)}`],
    ['comments', 'a // {\nb /* } */ c', 'a     \nb         c'],
    ['templates with code inside', '`{ ${f({ a: 1 })} }`;', '     f({ a: 1 })    ;'],
    ['regular expressions', 'x = /[/}]{2}/.test(y)', `x = ${' '.repeat(9)}.test(y)`],
    ['divisions', 'x = a / b / {}', 'x = a / b / {}'],
  ])('%s are blanked rightly', (_, text, expected) => {
    expect(blank(text)).toBe(expected)
  })

  test.each([
    ['function f(a: { b: string }): { c: number } {\n}', 'function f(): {}'],
    ['class A {\n  x = 1\n  private async m<T>(\n    a: T,\n  ): Promise<T> {\n  }\n}', 'private async m<T>(): Promise<T>'],
    ['const f = (a) => {\n}', 'const f = () =>'],
    ['if (a) {\n} else if (b) {\n}\nfor (;;) {\n}\nconst o = {\n}\nclass B {\n}', undefined],
  ])('%j', (text, header) => {
    const headers = functionsOf({ path: 'x.ts', text, code: blank(text) }).map((found) => found.header)
    expect(headers).toEqual(header === undefined ? [] : [header])
  })
})
