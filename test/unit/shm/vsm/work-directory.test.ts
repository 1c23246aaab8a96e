import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { CHILD, MGT, PID, SECRET } from '../../../../src/shm/vsm/places.ts'
import { HeldError, PidFile } from '../../../../src/shm/vsm/pid-file.ts'
import { native } from '../../../../src/shm/native.ts'
import { WorkDirectory } from '../../../../src/shm/vsm/work-directory.ts'
import { StrictReader } from './strict-reader.ts'

const NOW = 1_795_377_297
let home = ''
beforeEach(() => void (home = mkdtempSync(join(tmpdir(), 'lacquer-n-'))))
afterEach(() => rmSync(home, { recursive: true }))

function open(name: string): WorkDirectory {
  return WorkDirectory.open({ name, wall_s: NOW })
}

function modeOf(path: string): string {
  return (statSync(path).mode & 0o777).toString(8)
}

describe('a directory that is named', () => {
  test('is made, and has what is published', () => {
    const path = join(home, 'a')
    const directory = open(path)
    directory.mgt.add('Arg', '-i', Buffer.from('x\0'))
    expect(readFileSync(join(path, PID), 'latin1')).toBe(String(process.pid))
    expect(directory.makeSecret()).toBe(join(path, SECRET))
    expect(statSync(join(path, SECRET)).size).toBe(256)
    directory.begin(NOW + 1)
    expect([path, join(path, PID), join(path, SECRET), join(path, MGT), join(path, CHILD)].map(modeOf)).toEqual(
      '755 644 640 755 750'.split(' '),
    )
    expect(new StrictReader(join(path, MGT)).head).toBe(`# ${process.pid} ${NOW}`)
    expect(new StrictReader(join(path, CHILD)).head).toBe(`# ${process.pid} ${NOW + 1}`)
    directory.close()
    expect(readdirSync(path)).toEqual([])
  })

  test('is one process’s', () => {
    const path = join(home, 'a')
    const first = open(path)
    first.mgt.add('Arg', '-i', Buffer.from('x\0'))
    expect(() => open(path)).toThrow(new HeldError(`-n ${path}: in use by process ${process.pid}; stop that one, or name another`))
    expect(new StrictReader(join(path, MGT)).live).toHaveLength(1)
    first.close()
    open(path).close()
  })

  test('is taken over from one that was killed, with all it has left', async () => {
    const path = join(home, 'a')
    const killed = open(path)
    killed.makeSecret()
    await killed.makeRing(1 << 20)
    killed.begin(NOW)
    killed.publishLog()
    // Its lock is gone with its process.
    const copy = join(home, 'b')
    mkdirSync(copy)
    for (const name of readdirSync(path)) symlinkSync(join(path, name), join(copy, name))
    rmSync(join(copy, PID))
    writeFileSync(join(copy, PID), '99999999 and more')
    writeFileSync(join(copy, '_.Log.0123456789abcdef'), 'left')
    const next = open(copy)
    expect(readFileSync(join(copy, PID), 'latin1')).toBe(String(process.pid))
    expect(readdirSync(copy).toSorted()).toEqual([PID, MGT].toSorted())
    next.close()
    killed.close()
  })

  test('that somebody removes is no reason to fail, and what another makes in its place stays', async () => {
    const path = join(home, 'a')
    const first = open(path)
    await first.makeRing(1 << 20)
    first.begin(NOW)
    first.publishLog()
    rmSync(join(path, CHILD), { recursive: true })
    first.end()
    first.begin(NOW)
    expect(() => first.publishLog()).toThrow('ENOENT')
    first.end()
    rmSync(path, { recursive: true })
    const second = open(path)
    second.begin(NOW)
    first.close()
    expect(readdirSync(path).toSorted()).toEqual([PID, MGT, CHILD].toSorted())
    second.close()
  })

  test('that is full when workers are to begin leaves the log where it is', async () => {
    const path = join(home, 'a')
    const directory = open(path)
    const { file } = await directory.makeRing(1 << 20)
    directory.begin(NOW)
    // What comes between the two has failed.
    directory.end()
    expect(existsSync(join(path, file))).toBe(true)
    directory.close()
  })

  test.each([
    ['in a directory that is not there', 'none/a', () => {}, 'there is no directory'],
    ['that is a file', 'f', () => writeFileSync(join(home, 'f'), ''), 'is not a directory'],
    ['that is a link', 'l', () => symlinkSync(home, join(home, 'l')), 'is a symbolic link'],
    [
      'that everybody may write to',
      'w',
      () => {
        mkdirSync(join(home, 'w'))
        chmodSync(join(home, 'w'), 0o777)
      },
      'everybody may write to it',
    ],
    ['whose process id is a directory', 'd', () => mkdirSync(join(home, 'd', PID), { recursive: true }), 'is a directory'],
    [
      'whose process id is a link',
      's',
      () => {
        mkdirSync(join(home, 's'))
        symlinkSync('/etc/passwd', join(home, 's', PID))
      },
      'is a symbolic link',
    ],
  ])('%s is refused in a line', (_, name, prepare, why) => {
    prepare()
    const before = readdirSync(home)
    expect(() => open(join(home, name))).toThrow(why)
    expect(readdirSync(home)).toEqual(before)
  })
})

describe('the default', () => {
  const from = () => ({ uid: process.geteuid?.() ?? 0, environment: { RUNTIME_DIRECTORY: join(home, 'run') } })
  const openDefault = () => WorkDirectory.open({ name: undefined, wall_s: NOW }, from())

  test('is for the first, and the next has a name of its own that goes with it', () => {
    const first = openDefault()
    expect(first.path).toBe(join(home, 'run', 'lacquer'))
    const second = openDefault()
    expect([second.path, second.own_name]).toEqual([join(home, 'run', `lacquer-${process.pid}`), true])
    second.close()
    expect(readdirSync(join(home, 'run'))).toEqual(['lacquer'])
    first.close()
  })

  test('those of processes that were killed go, those of others stay', () => {
    const run = join(home, 'run')
    mkdirSync(join(run, 'lacquer-99999998', MGT), { recursive: true })
    mkdirSync(join(run, 'lacquer-99999999'))
    writeFileSync(join(run, 'lacquer-99999999', PID), '99999999')
    mkdirSync(join(run, `lacquer-${process.pid}`))
    mkdirSync(join(run, 'lacquer-7'))
    const alive = PidFile.take(join(run, 'lacquer-7', PID), native(), '-n')
    mkdirSync(join(run, 'lacquer-shop'))
    const first = openDefault()
    expect(readdirSync(run).toSorted()).toEqual(['lacquer', 'lacquer-7', `lacquer-${process.pid}`, 'lacquer-shop'].toSorted())
    first.close()
    alive.remove()
  })

  test('a base that cannot be used is passed over', () => {
    writeFileSync(join(home, 'run'), '')
    const elsewhere = openDefault()
    expect(elsewhere.path.startsWith(home)).toBe(false)
    expect(elsewhere.passed_over).toBe(`${join(home, 'run')}: is not a directory`)
    elsewhere.close()
  })
})

describe('the log', () => {
  test('its file has all its blocks, lies with the workers’ segments while they run, and its memory stays', async () => {
    const path = join(home, 'a')
    const directory = open(path)
    const ring = await directory.makeRing(1 << 20)
    const bytes = Buffer.from(ring.mapping.buffer)
    directory.begin(NOW)
    directory.publishLog()
    bytes.write('VSLHEAD1')
    const reader = new StrictReader(join(path, CHILD))
    expect(reader.find('Log', 'Log')?.toString('latin1', 0, 8)).toBe('VSLHEAD1')
    expect(statSync(join(path, CHILD, ring.file)).blocks * 512).toBe(1 << 20)
    directory.end()
    expect(existsSync(join(path, CHILD))).toBe(false)
    directory.begin(NOW + 1)
    directory.publishLog()
    expect(new StrictReader(join(path, CHILD)).find('Log', 'Log')?.toString('latin1', 0, 8)).toBe('VSLHEAD1')
    directory.close()
    expect(readdirSync(path)).toEqual([])
  })

  test('for which there is no room is a line', async () => {
    const directory = open(join(home, 'a'))
    await expect(directory.makeRing(2 ** 46)).rejects.toThrow(/no room|cannot be mapped|EFBIG|too large/)
    directory.close()
    expect(readdirSync(join(home, 'a'))).toEqual([])
  })
})
