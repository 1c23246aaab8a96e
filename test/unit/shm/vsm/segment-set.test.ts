import { closeSync, existsSync, mkdtempSync, openSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { SegmentSet } from '../../../../src/shm/vsm/segment-set.ts'
import { INDEX } from '../../../../src/shm/vsm/places.ts'
import { StrictReader } from './strict-reader.ts'

const home = mkdtempSync(join(tmpdir(), 'lacquer-vsm-'))
let count = 0
function newSet(): SegmentSet {
  return new SegmentSet(join(home, `set${count++}`), 0o755, 1_795_377_297, 30_700)
}

afterEach(() => {
  for (const name of readdirSync(home)) rmSync(join(home, name), { recursive: true })
})

test('a segment is a file of whole pages that the index names', () => {
  const set = newSet()
  set.add('Arg', '-i', Buffer.from('cache1\0'))
  const reader = new StrictReader(set.path)
  expect(reader.head).toBe('# 30700 1795377297')
  expect(reader.live).toMatchObject([{ offset: 0, length: 8, kind: 'Arg', ident: '-i' }])
  expect(reader.find('Arg', '-i')?.toString('latin1')).toBe('cache1\0\0')
})

test('closed, it has none of its files open; what was lent to it stays open', () => {
  const open = (): number => readdirSync('/proc/self/fd').length
  const before = open()
  for (let i = 0; i < 3; i++) {
    const set = newSet()
    set.add('Arg', '-i', Buffer.from('x\0'))
    const gone = set.add('Arg', '-T', Buffer.from('y\0'))
    const cluster = set.cluster(2 * 184)
    set.addMember(cluster, 'Stat', 'VBE.boot.a', Buffer.alloc(184))
    const lent = openSync(join(set.path, gone.entry.file), 'r')
    set.adopt('Log', 'Log', gone.entry.file, lent, 4096)
    set.remove(gone)
    set.close()
    closeSync(lent)
  }
  expect(open()).toBe(before)
})

test('directory and files are as published', () => {
  const set = newSet()
  const { entry } = set.add('Arg', '-i', Buffer.from('x\0'))
  const mode = (name: string): string => (statSync(join(set.path, name)).mode & 0o777).toString(8)
  expect([mode('.'), mode(INDEX), mode(entry.file)]).toEqual(['755', '640', '640'])
})

test('members of a cluster come after it and go before it', () => {
  const set = newSet()
  set.add('StatDoc', '1', Buffer.alloc(100))
  const cluster = set.cluster(2 * 184)
  const members = ['VBE.boot.a', 'VBE.boot.b'].map((ident, i) => set.addMember(cluster, 'Stat', ident, Buffer.alloc(184, i + 1)))
  const reader = new StrictReader(set.path)
  expect(reader.live.map(({ offset, length }) => [offset, length])).toEqual([
    [0, 104],
    [0, 4096],
    [16, 184],
    [200, 184],
  ])
  expect(reader.find('Stat', 'VBE.boot.b')).toEqual(Buffer.alloc(184, 2))
  for (const member of members) set.remove(member)
  set.remove(cluster)
  expect(new StrictReader(set.path).live).toHaveLength(1)
  expect(readdirSync(set.path)).toHaveLength(2)
})

test('an index of many lines that are gone is written anew, in the same order', () => {
  const set = newSet()
  for (const ident of ['a', 'b', 'c']) set.add('Stat', ident, Buffer.alloc(8))
  const { ino } = statSync(join(set.path, INDEX))
  for (let i = 0; i < 9; i++) set.remove(set.add('Stat', `x${i}`, Buffer.alloc(8)))
  expect(statSync(join(set.path, INDEX)).ino).toBe(ino)
  set.remove(set.add('Stat', 'y', Buffer.alloc(8)))
  expect(statSync(join(set.path, INDEX)).ino).not.toBe(ino)
  expect(new StrictReader(set.path).live.map(({ ident }) => ident)).toEqual(['a', 'b', 'c'])
  set.add('Stat', 'z', Buffer.alloc(8))
  expect(new StrictReader(set.path).live.map(({ ident }) => ident)).toEqual(['a', 'b', 'c', 'z'])
})

test('what another process has left there goes, and a link is not followed', () => {
  const elsewhere = join(home, 'elsewhere')
  new SegmentSet(elsewhere, 0o755, 1).add('Arg', '-i', Buffer.from('x\0'))
  const left = join(home, 'left')
  symlinkSync(elsewhere, left)
  const set = new SegmentSet(left, 0o755, 1)
  set.add('Arg', '-S', Buffer.from('y\0'))
  expect(new StrictReader(left).live).toHaveLength(1)
  expect(new StrictReader(elsewhere).live).toMatchObject([{ ident: '-i' }])
  writeFileSync(join(left, 'junk'), '')
  expect(readdirSync(new SegmentSet(left, 0o755, 1).path)).toEqual([INDEX])
})

test('a name that is no word of the index is our own mistake', () => {
  expect(() => newSet().add('Stat', 'VBE.a b', Buffer.alloc(8))).toThrow('one word')
})

test('nothing is left of a set that is closed', () => {
  const set = newSet()
  set.add('Arg', '-i', Buffer.from('x\0'))
  set.close()
  expect(existsSync(set.path)).toBe(false)
})
