import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { readReach } from '../../../../src/shm/vsm/arguments.ts'
import { AttachedDirectory, SegmentFile } from '../../../../src/shm/vsm/attach.ts'

let home: string
let attached: AttachedDirectory

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'lacquer-attach-'))
  attached = new AttachedDirectory(home)
})

afterEach(() => {
  attached.close()
  rmSync(home, { recursive: true })
})

/** What is known after a look. */
function seen(): string[] {
  attached.poll()
  return [...attached.segments()].map(({ kind, ident }) => (ident === '' ? kind : `${kind} ${ident}`))
}

function index(set: 'mgt' | 'child', text: string): string {
  const path = join(home, `_.vsm_${set}`)
  mkdirSync(path, { recursive: true })
  writeFileSync(join(path, '_.index'), text)
  return join(path, '_.index')
}

const MGT = `# ${process.pid} 1000\n+ _.Arg.1 0 8 Arg -i\n`

describe('what is there', () => {
  test('nothing, then a manager, then workers', () => {
    expect([seen(), attached.isThere]).toEqual([[], false])
    index('mgt', MGT)
    expect([seen(), attached.isThere]).toEqual([['Arg -i'], true])
    index('child', '# 5 1001\n+ _.Log.1 0 100 Log Log\n+ _.Params.1 0 8 Params \n')
    expect(seen()).toEqual(['Arg -i', 'Log Log', 'Params'])
    expect(attached.find('Log')?.path).toBe(join(home, '_.vsm_child/_.Log.1'))
    expect(attached.find('Log', 'Other')).toBeUndefined()
  })

  test('clusters are no segments, their members are', () => {
    index('mgt', `${MGT}+ _.VSC_cluster.x 0 4096  \n+ _.VSC_cluster.x 16 184 Stat VBE.boot.a\n`)
    expect(seen()).toEqual(['Arg -i', 'Stat VBE.boot.a'])
    expect(attached.find('Stat')).toMatchObject({ offset: 16, length: 184 })
  })

  test('what is added and taken back, line by line and in pieces', () => {
    const path = index('mgt', MGT)
    seen()
    appendFileSync(path, '+ _.Stat.1 0 8 Stat MA')
    expect(seen()).toEqual(['Arg -i'])
    appendFileSync(path, 'IN\n+ _.Stat.2 0 8 Stat SMA.s0\n')
    expect(seen()).toEqual(['Arg -i', 'Stat MAIN', 'Stat SMA.s0'])
    const main = attached.find('Stat', 'MAIN')
    appendFileSync(path, '- _.Stat.1 0 8 Stat MAIN\n')
    expect([seen(), main?.is_gone]).toEqual([['Arg -i', 'Stat SMA.s0'], true])
  })

  test('a new file with the same lines has the same segments', () => {
    const path = index('mgt', `${MGT}+ _.Stat.1 0 8 Stat A\n+ _.Stat.2 0 8 Stat B\n`)
    seen()
    const [a, b] = [attached.find('Stat', 'A'), attached.find('Stat', 'B')]
    writeFileSync(`${path}.new`, `${MGT}+ _.Stat.2 0 8 Stat B\n`)
    renameSync(`${path}.new`, path)
    expect(seen()).toEqual(['Arg -i', 'Stat B'])
    expect([attached.find('Stat', 'B') === b, a?.is_gone, b?.is_gone]).toEqual([true, true, false])
  })

  test('a server that was started anew has others, whatever their lines', () => {
    const path = index('mgt', MGT)
    seen()
    const before = attached.find('Arg')
    writeFileSync(`${path}.new`, MGT.replace('1000', '2000'))
    renameSync(`${path}.new`, path)
    expect([seen(), before?.is_gone, attached.find('Arg')?.is_gone]).toEqual([['Arg -i'], true, false])
    rmSync(join(home, '_.vsm_mgt'), { recursive: true })
    expect([seen(), attached.isThere]).toEqual([[], false])
  })
})

test.each([
  ['a path out of the directory', '+ ../../etc/passwd 0 8 Stat A'],
  ['the directory', '+ .. 0 8 Stat A'],
  ['too few fields', '+ _.Stat.1 0 8 Stat'],
  ['too many', '+ _.Stat.1 0 8 Stat A B'],
  ['no numbers', '+ _.Stat.1 x 8 Stat A'],
  ['negative numbers', '+ _.Stat.1 -8 8 Stat A'],
  ['another sign', '* _.Stat.1 0 8 Stat A'],
  ['a removal of what is not there', '- _.Stat.1 0 8 Stat A'],
  ['bytes', '\x00\xff\x01'],
])('%s is left out', (_, line) => {
  index('mgt', `${MGT}${line}\n+ _.Stat.9 0 8 Stat Z\n`)
  expect(seen()).toEqual(['Arg -i', 'Stat Z'])
})

test('a process that has gone is known to have, if it was there', async () => {
  const other = spawn('cat')
  index('mgt', MGT.replace(`# ${process.pid}`, `# ${other.pid}`))
  attached.poll()
  expect(attached.hasDied).toBe(false)
  other.kill()
  await once(other, 'exit')
  attached.poll()
  expect(attached.hasDied).toBe(true)
  // Left behind by somebody else: it was never there, and what it has left can be read.
  rmSync(join(home, '_.vsm_mgt'), { recursive: true })
  attached.poll()
  index('mgt', MGT.replace(`# ${process.pid}`, '# 2147483646'))
  attached.poll()
  expect([attached.isThere, attached.hasDied]).toEqual([true, false])
})

describe('a segment', () => {
  test('is read within its bounds', () => {
    index('child', '# 5 1\n+ _.Log.1 4 8 Log Log\n')
    writeFileSync(join(home, '_.vsm_child/_.Log.1'), 'headabcdefghtail')
    attached.poll()
    const segment = attached.find('Log')
    if (segment === undefined) throw new Error('there is one')
    const file = new SegmentFile(segment)
    const into = Buffer.alloc(16)
    expect([file.read(into, 2, 16), into.toString('latin1', 0, 6), file.read(into, 8, 4)]).toEqual([6, 'cdefgh', 0])
    file.close()
  })

  test.each<[string, string, (path: string) => void]>([
    ['missing', 'ENOENT', () => {}],
    ['a link', 'ELOOP', (path) => symlinkSync('/etc/passwd', path)],
    ['a directory', 'is not a file', (path) => mkdirSync(path)],
  ])('that is %s is not opened', (_, why, make) => {
    index('child', '# 5 1\n+ _.Log.1 0 8 Log Log\n')
    make(join(home, '_.vsm_child/_.Log.1'))
    attached.poll()
    const segment = attached.find('Log')
    if (segment === undefined) throw new Error('there is one')
    expect(() => new SegmentFile(segment)).toThrow(why)
  })
})

describe('how a server can be reached', () => {
  const argument = (file: string, text: string): void => writeFileSync(join(home, '_.vsm_mgt', file), text)

  test('is what its arguments say', () => {
    expect(readReach(home)).toBeUndefined()
    index('mgt', `# 5 1\n+ _.Arg.1 0 32 Arg -T\n+ _.Arg.2 0 8 Arg -S\n`)
    argument('_.Arg.1', '127.0.0.1 6082\n::1 6083\n\0')
    argument('_.Arg.2', '/s\0')
    const admin = [
      ['127.0.0.1', 6082],
      ['::1', 6083],
    ]
    const socket = join(home, '_.cli')
    expect(readReach(home)).toEqual({ admin, secret: '/s', socket })
    index('mgt', `# 5 1\n+ _.Arg.1 0 32 Arg -T\n+ _.Arg.2 0 8 Arg -S\n- _.Arg.2 0 8 Arg -S\n`)
    expect(readReach(home)).toEqual({ admin, secret: undefined, socket })
  })

  test('is not read from files outside of the directory', () => {
    index('mgt', '# 5 1\n+ ../secret 0 8 Arg -S\n')
    writeFileSync(join(home, 'secret'), '/s\0')
    expect(readReach(home)?.secret).toBeUndefined()
  })
})
