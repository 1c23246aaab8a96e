import { describe, expect, test } from 'vitest'
import { OperatorError } from '../../../src/base/errors.ts'
import { defaultStoreBytes, defaultTransientBytes } from '../../../src/config/memory-limit.ts'
import { parseStores } from '../../../src/config/storage.ts'

const MIB = 2 ** 20
const GIB = 2 ** 30

const memory = (name: string, size_bytes: number): object => ({ name, kind: 'memory', size_bytes })

describe('stores', () => {
  test.each<[string, object[]]>([
    ['', [memory('s0', defaultStoreBytes())]],
    ['memory', [memory('s0', defaultStoreBytes())]],
    ['memory,1G', [memory('s0', GIB)]],
    ['malloc,256m', [memory('s0', 256 * MIB)]],
    ['default,1.5G', [memory('s0', 1.5 * GIB)]],
    ['big=malloc,2t', [memory('big', 2048 * GIB)]],
    ['file,/var/lib/store,10G', [{ name: 's0', kind: 'file', path: '/var/lib/store', size_bytes: 10 * GIB }]],
    ['disk=file,/a=b/../c,64GB', [{ name: 'disk', kind: 'file', path: '/c', size_bytes: 64 * GIB }]],
    ['file,/a=b,1G', [{ name: 's0', kind: 'file', path: '/a=b', size_bytes: GIB }]],
    ['file,/x,1048580', [{ name: 's0', kind: 'file', path: '/x', size_bytes: MIB }]],
    // As in varnishd, those with a name do not count.
    ['memory,1G big=memory,2G memory,3G', [memory('s0', GIB), memory('big', 2 * GIB), memory('s1', 3 * GIB)]],
  ])('%j', (line, stores) => {
    expect(parseStores(line === '' ? [] : line.split(' '))).toEqual({ stores, transient: undefined })
  })

  test('a relative path begins in the working directory', () => {
    expect(parseStores(['file,cache/store,1G']).stores[0]).toMatchObject({ path: `${process.cwd()}/cache/store` })
  })

  test('Transient is a bound and no store of its own', () => {
    expect(parseStores(['Transient=malloc,100M', 'file,/x,1G'])).toEqual({
      stores: [{ name: 's0', kind: 'file', path: '/x', size_bytes: GIB }],
      transient: memory('Transient', 100 * MIB),
    })
    expect(parseStores(['Transient=memory'])).toEqual({
      stores: [memory('s0', defaultStoreBytes())],
      transient: memory('Transient', defaultTransientBytes()),
    })
  })
})

test.each([
  [GIB, 102 * MIB],
  [64 * MIB, 16 * MIB],
  [512 * GIB, GIB],
])('a memory of %d bytes gives a Transient of %d', (limit, size) => expect(defaultTransientBytes(limit)).toBe(size))

describe('a refusal says what to write', () => {
  test.each([
    ['disk,1G', "-s disk,1G: there is no storage 'disk'; use memory,SIZE or file,PATH,SIZE"],
    ['fiel,/x,1G', "-s fiel,/x,1G: there is no storage 'fiel'; did you mean 'file'?"],
    ['mallok,1G', "-s mallok,1G: there is no storage 'mallok'; did you mean 'malloc'?"],
    ['toString', "-s toString: there is no storage 'toString'; use memory,SIZE or file,PATH,SIZE"],
    ['', "-s : there is no storage ''; use memory,SIZE or file,PATH,SIZE"],
    ['persistent,/x,1G', "-s persistent,/x,1G: there is no storage 'persistent' here; use file,PATH,SIZE, which keeps its objects"],
    ['umem,1G', "-s umem,1G: there is no storage 'umem' here; use memory,SIZE"],
    ['memory,much', "-s memory,much: 'much' is not a size such as 256M or 1G"],
    ['memory,50%', "-s memory,50%: '50%' is not a size such as 256M or 1G"],
    ['memory,-1G', "-s memory,-1G: '-1G' is not a size such as 256M or 1G"],
    ['memory,1k', '-s memory,1k: 1k is below the minimum, 1M'],
    ['memory,1G,2G', '-s memory,1G,2G: only a size may follow memory, as in memory,1G'],
    ['a.b=memory', "-s a.b=memory: 'a.b' is not a name: letters, digits, _ -"],
    ['=memory', "-s =memory: '' is not a name: letters, digits, _ -"],
    ['transient=memory,1G', "-s transient=memory,1G: 'transient' looks like Transient; write it so, or take another name"],
    [
      'Transient=file,/x,1G',
      '-s Transient=file,/x,1G: what goes to Transient does not live long enough for a file; use Transient=memory,SIZE',
    ],
    ['file', '-s file: a path and a size must follow, as in file,/var/lib/lacquer/store,10G'],
    ['file,/x', '-s file,/x: a path and a size must follow, as in file,/var/lib/lacquer/store,10G'],
    ['file,,1G', '-s file,,1G: a path and a size must follow, as in file,/var/lib/lacquer/store,10G'],
    [
      'file,/x,1G,4k,random',
      "-s file,/x,1G,4k,random: nothing may follow the size ('4k,random'); there is no granularity or advice to choose, and no comma in a path",
    ],
    ['file,/x,1k', '-s file,/x,1k: 1k is below the minimum, 1M'],
    ['a=memory,1G a=memory,1G', "-s a=memory,1G: there is a store 'a' already; give each its own name"],
    ['memory,1G s0=memory,1G', "-s s0=memory,1G: there is a store 's0' already; give each its own name"],
    ['Transient=memory,1G Transient=memory,1G', "-s Transient=memory,1G: there is a store 'Transient' already; give each its own name"],
    ['file,/x,1G file,/y/../x,2G', "-s file,/y/../x,2G: store 's0' uses this file; give each its own"],
    ['memory malloc', '-s: only one store may go without a size; give each its own'],
  ])('%j', (line, message) => {
    expect(() => parseStores(line.split(' '))).toThrow(new OperatorError(message))
  })
})
