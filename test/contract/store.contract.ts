import { describe } from 'vitest'
import { bodies } from './store/bodies.ts'
import { budget } from './store/budget.ts'
import type { MakeStore } from './store/fixtures.ts'
import { model } from './store/model.ts'
import { objects } from './store/objects.ts'
import { purges } from './store/purges.ts'
import { readers } from './store/readers.ts'
import { serials } from './store/serials.ts'
import { windows } from './store/windows.ts'

/**
 * What every store does, whatever it keeps its bytes in. An `exact` one evicts and expires object by object, and knows of each byte
 * that it holds; others do so by larger pieces of memory, and have tests of their own for that.
 */
export function storeContract(name: string, makeStore: MakeStore, exact: boolean): void {
  describe(`${name}: bodies`, () => bodies(makeStore))
  describe(`${name}: readers`, () => readers(makeStore))
  describe(`${name}: windows`, () => windows(makeStore))
  describe(`${name}: objects`, () => objects(makeStore, exact))
  describe(`${name}: serials`, () => serials(makeStore))
  describe(`${name}: purges`, () => purges(makeStore))
  if (exact) describe(`${name}: budget`, () => budget(makeStore))
  describe(`${name}: random operations against a model`, () => model(makeStore, exact))
}
