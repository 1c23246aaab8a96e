import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, truncateSync, unlinkSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { OperatorError } from '../../../src/base/errors.ts'
import { lowSpace } from '../../../src/shm/store-file.ts'
import { close, folder, forget, GIB, MIB, open } from './kit.ts'

describe('a file for a store', () => {
  test('is made sparse, for its owner only', () => {
    const path = join(folder(), 'store')
    const { created, remarks } = open(path, 8 * MIB)
    const stats = statSync(path)
    expect({ created, remarks, size: stats.size, mode: stats.mode & 0o777, blocks: stats.blocks }).toEqual({
      created: true,
      remarks: [],
      size: 8 * MIB,
      mode: 0o600,
      blocks: 0,
    })
  })

  test('may be there and empty', () => {
    const path = join(folder(), 'store')
    writeFileSync(path, '')
    expect(open(path)).toMatchObject({ created: true, remarks: [] })
  })

  test('is taken up again as it was', () => {
    const path = join(folder(), 'store')
    const first = open(path)
    Buffer.from(first.mapping.buffer).write('hello', 5000)
    close(first.mapping)
    let seen: Buffer | undefined
    const second = open(path, MIB, (page) => void (seen = page))
    expect(second).toMatchObject({ created: false, remarks: [] })
    expect(seen?.length).toBe(4096)
    expect(Buffer.from(second.mapping.buffer).toString('latin1', 5000, 5005)).toBe('hello')
  })

  test.each<[string, (path: string) => void, RegExp]>([
    ['a directory', (path) => mkdirSync(path), /-s file,.*store: is a directory; name a file in it, as in .*store\/lacquer\.store$/],
    ['a symbolic link', (path) => symlinkSync('/etc/hostname', path), /is a symbolic link; name the file it points to$/],
    ['a dangling link', (path) => symlinkSync('nowhere', path), /is a symbolic link/],
  ])('%s is refused', (_, make, message) => {
    const path = join(folder(), 'store')
    make(path)
    expect(() => open(path)).toThrow(message)
    expect(() => open(path)).toThrow(OperatorError)
  })

  test.each([
    ['/dev/zero', /is not a regular file$/],
    ['/no/such/directory/store', /there is no directory \/no\/such\/directory; make it first$/],
    ['/dev/null/store', /there is no directory \/dev\/null; make it first$/],
  ])('%s is refused', (path, message) => expect(() => open(path)).toThrow(message))

  test('a size that no file can have is refused', () => {
    const path = join(folder(), 'store')
    expect(() => open(path, 2 ** 53 - 4096)).toThrow(/store: the file system has no files of .*; use a smaller size$|address space/)
  })
})

describe('a file that cannot be used', () => {
  test('of another size is moved aside, whole, and a new one made', () => {
    const path = join(folder(), 'store')
    writeFileSync(path, 'old'.padEnd(5000, '.'))
    const { created, remarks } = open(path)
    expect(created).toBe(true)
    expect(remarks).toEqual([
      `${path} could not be used: its size is 5000b and -s says 1M; it was renamed to ${path}.old-20261125T132443Z, and the store begins empty. Delete the old file when it is not wanted`,
    ])
    expect(readFileSync(`${path}.old-20261125T132443Z`, 'latin1')).toBe('old'.padEnd(5000, '.'))
    expect(statSync(path).size).toBe(MIB)
  })

  test('of another version is moved aside with that reason, and nothing is overwritten', () => {
    const path = join(folder(), 'store')
    writeFileSync(`${path}.old-20261125T132443Z`, 'older')
    writeFileSync(path, 'v1'.padEnd(MIB, '.'))
    const { remarks } = open(path, MIB, (page) => (page.toString('latin1', 0, 2) === 'v1' ? 'it has version 1' : undefined))
    expect(remarks[0]).toContain(`: it has version 1; it was renamed to ${path}.old-20261125T132443Z-1,`)
    expect(readFileSync(`${path}.old-20261125T132443Z`, 'latin1')).toBe('older')
    expect(statSync(`${path}.old-20261125T132443Z-1`).size).toBe(MIB)
  })

  test('and is no store at all stays where it is', () => {
    const path = join(folder(), 'store')
    writeFileSync(path, 'somebody’s')
    const accept = (): never => {
      throw new OperatorError('this is no store')
    }
    expect(() => open(path, MIB, accept)).toThrow('this is no store')
    expect(readFileSync(path, 'utf8')).toBe('somebody’s')
    // Nor is it still locked.
    truncateSync(path, 0)
    expect(open(path).created).toBe(true)
  })
})

describe('a store that cannot be had after all', () => {
  test('takes its new file with it', () => {
    const path = join(folder(), 'store')
    const { mapping, undo } = open(path, 8 * MIB)
    forget(mapping)
    undo()
    expect(readdirSync(join(path, '..'))).toEqual([])
  })

  test('leaves a file that has its name by now', () => {
    const path = join(folder(), 'store')
    const { mapping, undo } = open(path, 8 * MIB)
    unlinkSync(path)
    writeFileSync(path, 'another’s')
    forget(mapping)
    undo()
    expect(readFileSync(path, 'utf8')).toBe('another’s')
  })

  test('leaves an empty file that was there, and gives its blocks back', () => {
    const path = join(folder(), 'store')
    writeFileSync(path, '')
    const { mapping, undo } = open(path, 8 * MIB)
    expect(mapping.allocate(0, 4 * MIB)).toBe(0)
    forget(mapping)
    undo()
    expect(statSync(path)).toMatchObject({ size: 0, blocks: 0 })
    // Nobody has it locked, and the next start takes it for new.
    expect(open(path)).toMatchObject({ created: true, remarks: [] })
  })

  test('gives the file that was moved aside for it its name again', () => {
    const path = join(folder(), 'store')
    writeFileSync(path, 'old'.padEnd(5000, '.'))
    const { mapping, undo } = open(path)
    forget(mapping)
    undo()
    expect(readFileSync(path, 'latin1')).toBe('old'.padEnd(5000, '.'))
    expect(readdirSync(join(path, '..'))).toEqual([basename(path)])
  })

  test('for its size neither leaves a new file nor keeps the old one aside', () => {
    const path = join(folder(), 'store')
    const tooLarge = (): void => expect(() => open(path, 2 ** 53 - 4096)).toThrow(/no files of|address space/)
    tooLarge()
    expect(readdirSync(join(path, '..'))).toEqual([])
    writeFileSync(path, 'old')
    tooLarge()
    expect(readdirSync(join(path, '..'))).toEqual([basename(path)])
    expect(readFileSync(path, 'latin1')).toBe('old')
  })

  test('leaves a file that was there as it was', () => {
    const path = join(folder(), 'store')
    close(open(path).mapping)
    const { mapping, undo } = open(path)
    forget(mapping)
    undo()
    expect(statSync(path).size).toBe(MIB)
    expect(open(path).created).toBe(false)
  })
})

describe('one process at a time', () => {
  test('the same process is refused as well', () => {
    const path = join(folder(), 'store')
    const first = open(path)
    expect(() => open(path)).toThrow(`-s file,${path}: in use by another process, or by another -s; give each its own file`)
    close(first.mapping)
    expect(open(path).created).toBe(false)
  })

  test('a second process is refused until the first has ended, kill -9 included', async () => {
    const path = join(folder(), 'store')
    const holder = spawn(process.execPath, [fileURLToPath(new URL('holder.ts', import.meta.url)), path], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    await once(holder.stdout, 'data')
    // Another size, too: what is in use is neither moved nor truncated.
    expect(() => open(path, 2 * MIB)).toThrow(`-s file,${path}: in use by another process`)
    expect(statSync(path).size).toBe(MIB)
    const ended = once(holder, 'exit')
    holder.kill('SIGKILL')
    expect((await ended)[1]).toBe('SIGKILL')
    const { created, mapping } = open(path)
    expect(created).toBe(false)
    expect(Buffer.from(mapping.buffer).toString('latin1', 0, 7)).toBe('written')
    expect(readdirSync(join(path, '..'))).toEqual([basename(path)])
  })
})

test('a limit on the size of files is an error and no signal', async () => {
  const path = join(folder(), 'store')
  const holder = fileURLToPath(new URL('holder.ts', import.meta.url))
  const child = spawn('/bin/sh', ['-c', 'ulimit -f 1; exec "$0" "$1" "$2"', process.execPath, holder, path])
  let text = ''
  child.stderr.setEncoding('latin1').on('data', (piece: string) => void (text += piece))
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null]
  expect({ code, signal }).toEqual({ code: 1, signal: null })
  expect(text).toMatch(/-s file,.*: 1M is more than the limit for files, \d+ bytes; raise ulimit -f/)
  expect(existsSync(path)).toBe(false)
})

test('a file system that is smaller than the file is worth a remark', () => {
  expect(lowSpace('/x', GIB, 0, GIB)).toEqual([])
  expect(lowSpace('/x', GIB, 900 * MIB, 124 * MIB)).toEqual([])
  expect(lowSpace('/x', GIB, 0, GIB - 1)).toEqual([
    '/x is 1G, for which the file system lacks 1 MiB: the store will make do with what there is',
  ])
})
