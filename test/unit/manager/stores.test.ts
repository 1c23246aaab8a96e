import { expect, test } from 'vitest'
import { OperatorError } from '../../../src/base/errors.ts'
import { parseStores } from '../../../src/config/storage.ts'
import { Shared } from '../../../src/manager/shared.ts'
import { openArenas, refuseStores } from '../../../src/manager/stores.ts'

test.each([
  [['file,/x,1G'], '-s s0: file stores are not supported yet; use memory,SIZE'],
  [['memory,1G', 'big=file,/x,1G'], '-s big: file stores are not supported yet; use memory,SIZE'],
])('%j is refused', (texts, message) => {
  expect(() => refuseStores(parseStores(texts))).toThrow(new OperatorError(message))
})

test.each([[[]], [['memory']], [['big=malloc,1G']], [['memory,1G', 'memory,2G']]])('%j is not', (texts) => {
  expect(() => refuseStores(parseStores(texts))).not.toThrow()
})

test('what each store is', () => {
  const { stores } = parseStores(['a=memory,64M', 'b=malloc,4M'])
  expect(new Shared(stores).describe()).toEqual(['store a: memory, 64M, 247 segments', 'store b: memory, 4M, 61 segments'])
})

test('stores that each may be had, and not together', () => {
  const { stores } = parseStores(['a=memory,64M', 'b=memory,80M'])
  expect(() => openArenas(stores, 100 * 2 ** 20)).toThrow(
    new OperatorError(
      '-s: a, b are 144M together, and this process may use 100 MiB at most (machine or cgroup); use smaller sizes, or -s file,PATH,SIZE',
    ),
  )
})
