import { OperatorError } from '../base/errors.ts'
import type { Stores } from '../config/storage.ts'

/** What the command line may say about stores and this edition cannot do: refused here, and nowhere else. */
export function refuseStores({ stores }: Stores): void {
  const file = stores.find((store) => store.kind === 'file')
  if (file) throw new OperatorError(`-s ${file.name}: file stores are not supported yet; use memory,SIZE`)
  if (stores.length > 1) throw new OperatorError('-s: several stores are not supported yet; give one')
}
