import { spawnSync } from 'node:child_process'
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

/** bin/lacquer in an installation of its own, with shell scripts for Nodes: each says who it is and what it was given. */
let top: string
let root: string

beforeEach(() => {
  top = mkdtempSync(join(tmpdir(), 'lacquer-launcher-'))
  root = join(top, 'installation')
  write('bin/lacquer', '')
  copyFileSync(fileURLToPath(new URL('../../bin/lacquer', import.meta.url)), join(root, 'bin/lacquer'))
  chmodSync(join(root, 'bin/lacquer'), 0o755)
})

afterEach(() => rmSync(top, { recursive: true, force: true }))

function write(path: string, text: string): string {
  const file = join(root, path)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, text, { mode: 0o755 })
  return file
}

/** A Node of that version; run with a program it prints its name, its arguments and where its compile cache is. */
function node(path: string, name: string, version: string): string {
  return write(path, `#!/bin/sh\n[ "$*" = -v ] && echo ${version} && exit\necho "${name} $*"\necho "cache $NODE_COMPILE_CACHE"\n`)
}

/** One whose libraries are missing. */
function brokenNode(path: string): string {
  return write(path, '#!/bin/sh\necho "error while loading shared libraries: libatomic.so.1" >&2\nexit 127\n')
}

const ARCH = process.arch === 'arm64' ? 'arm64' : 'x64'
/** What V8 is told on a machine with few cores, or when nobody says how many it has. */
const V8 = '--v8-pool-size=1 --heap-growing-percent=100'
const PINNED = `node_modules/node-linux-${ARCH}/bin/node`

function run(args: readonly string[], env: Record<string, string> = {}, command = join(root, 'bin/lacquer')) {
  // Not this machine's PATH: the launcher must not find this machine's Node.
  const { status, stdout, stderr } = spawnSync(command, args, { env: { PATH: tools(), ...env }, encoding: 'utf8' })
  return { status, stderr, lines: stdout.split('\n') }
}

/** A folder with what bin/lacquer calls and nothing else. */
function tools(): string {
  const folder = join(top, 'tools')
  mkdirSync(folder, { recursive: true })
  for (const tool of ['sh', 'dirname', 'readlink', 'uname', 'head']) {
    const from = ['/usr/bin', '/bin'].map((at) => join(at, tool)).find((at) => spawnSync('test', ['-x', at]).status === 0)
    rmSync(join(folder, tool), { force: true })
    symlinkSync(from ?? tool, join(folder, tool))
  }
  return folder
}

test.each([
  [1, 1],
  [2, 1],
  [8, 2],
  [64, 4],
])('on %d cores V8 has threads: %d', (cores, threads) => {
  node(PINNED, 'pinned', 'v26.10.0')
  write('path/nproc', `#!/bin/sh\necho ${cores}\n`)
  expect(run([], { PATH: [join(root, 'path'), tools()].join(delimiter) }).lines[0]).toContain(`--v8-pool-size=${threads} `)
})

describe('which Node', () => {
  test('the pinned one', () => {
    node(PINNED, 'pinned', 'v26.10.0')
    expect(run(['serve', '-a', ':0', '-i', 'two words'])).toMatchObject({
      status: 0,
      lines: [`pinned ${V8} ${root}/src/main.ts serve -a :0 -i two words`, 'cache ', ''],
      stderr: '',
    })
  })

  test('LACQUER_NODE comes before the pinned one, with LACQUER_NODE_OPTIONS', () => {
    node(PINNED, 'pinned', 'v26.10.0')
    const given = node('elsewhere/node', 'given', 'v27.0.0')
    const { lines } = run(['--version'], { LACQUER_NODE: given, LACQUER_NODE_OPTIONS: '--trace-warnings --stack-size=900' })
    expect(lines[0]).toBe(`given ${V8} --trace-warnings --stack-size=900 ${root}/src/main.ts --version`)
  })

  test.each([
    ['is too old', 'v24.9.0'],
    ['says something else', 'hello'],
  ])('a LACQUER_NODE that %s is passed over', (_, version) => {
    node(PINNED, 'pinned', 'v26.10.0')
    expect(run([], { LACQUER_NODE: node('elsewhere/node', 'given', version) }).lines[0]).toMatch(/^pinned /)
  })

  test('one beside us, when a package manager has put all packages side by side', () => {
    const beside = node('beside', 'beside', 'v26.0.0')
    mkdirSync(join(top, `node-linux-${ARCH}/bin`), { recursive: true })
    symlinkSync(beside, join(top, `node-linux-${ARCH}/bin/node`))
    expect(run([]).lines[0]).toBe(`beside ${V8} ${root}/src/main.ts`)
  })

  test('the one of PATH when nothing is pinned', () => {
    node('path/node', 'path', 'v26.1.0')
    expect(run([], { PATH: [join(root, 'path'), tools()].join(delimiter) }).lines[0]).toMatch(/^path /)
  })

  test('a pinned one that does not start says why, and the next is taken', () => {
    brokenNode(PINNED)
    node('path/node', 'path', 'v26.1.0')
    const { lines, stderr } = run([], { PATH: [join(root, 'path'), tools()].join(delimiter) })
    expect(lines[0]).toMatch(/^path /)
    expect(stderr).toContain('does not start: error while loading shared libraries: libatomic.so.1')
    expect(stderr).toContain('apt-get install libatomic1')
  })

  test('none that fits: what to do, and exit code 1', () => {
    node('path/node', 'path', 'v20.20.2')
    expect(run(['serve'], { PATH: [join(root, 'path'), tools()].join(delimiter) })).toMatchObject({
      status: 1,
      lines: [''],
      stderr: `lacquer: no Node 26 or newer found; run 'npm ci' in ${root}, or set LACQUER_NODE to a Node 26 binary\n`,
    })
  })
})

describe('where from', () => {
  beforeEach(() => void node(PINNED, 'pinned', 'v26.10.0'))

  test.each([
    ['absolute', () => join(root, 'bin/lacquer')],
    ['relative to its own folder', () => '../installation/bin/lacquer'],
  ])('a symbolic link to a symbolic link, %s', (_, target) => {
    const links = join(top, 'links')
    mkdirSync(links)
    symlinkSync(target(), join(links, 'first'))
    symlinkSync('first', join(links, 'lacquer'))
    expect(run(['check'], {}, join(links, 'lacquer')).lines[0]).toBe(`pinned ${V8} ${root}/src/main.ts check`)
  })

  test('the built program before the sources, with a compile cache beside it', () => {
    write('dist/manager/main.js', '')
    expect(run(['check']).lines).toEqual([`pinned ${V8} ${root}/dist/manager/main.js check`, `cache ${root}/dist/.cache`, ''])
  })

  test('a compile cache that is given is kept', () => {
    write('dist/manager/main.js', '')
    expect(run(['check'], { NODE_COMPILE_CACHE: '/var/cache/lacquer' }).lines[1]).toBe('cache /var/cache/lacquer')
  })
})
