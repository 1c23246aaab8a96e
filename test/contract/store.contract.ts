import { describe } from 'vitest'
import { bodies } from './store/bodies.ts'
import { budget } from './store/budget.ts'
import type { MakeStore } from './store/fixtures.ts'
import { model } from './store/model.ts'
import { objects } from './store/objects.ts'
import { readers } from './store/readers.ts'
import { windows } from './store/windows.ts'

/** What every store does, whatever it keeps its bytes in. */
export function storeContract(name: string, makeStore: MakeStore): void {
  describe(`${name}: bodies`, () => bodies(makeStore))
  describe(`${name}: readers`, () => readers(makeStore))
  describe(`${name}: windows`, () => windows(makeStore))
  describe(`${name}: objects`, () => objects(makeStore))
  describe(`${name}: budget`, () => budget(makeStore))
  describe(`${name}: random operations against a model`, () => model(makeStore))
}
