import { expect, test } from 'vitest'
import { OperatorError } from '../../../src/base/errors.ts'
import { parseStores } from '../../../src/config/storage.ts'
import { refuseStores } from '../../../src/manager/stores.ts'

test.each([
  [['file,/x,1G'], '-s s0: file stores are not supported yet; use memory,SIZE'],
  [['memory,1G', 'big=file,/x,1G'], '-s big: file stores are not supported yet; use memory,SIZE'],
  [['memory,1G', 'memory,2G'], '-s: several stores are not supported yet; give one'],
])('%j is refused', (texts, message) => {
  expect(() => refuseStores(parseStores(texts))).toThrow(new OperatorError(message))
})

test.each([[[]], [['memory']], [['big=malloc,1G']]])('%j is not', (texts) => {
  expect(() => refuseStores(parseStores(texts))).not.toThrow()
})
