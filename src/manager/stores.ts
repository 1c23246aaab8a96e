import { OperatorError } from '../base/errors.ts'
import type { Stores } from '../config/storage.ts'

/** What the command line may say about stores and this edition cannot do: refused here, and nowhere else. */
export function refuseStores({ stores, transient }: Stores): void {
  const file = stores.find((store) => store.kind === 'file')
  if (file) throw new OperatorError(`-s ${file.name}: file stores are not supported yet; use memory,SIZE`)
  if (stores.length > 1) throw new OperatorError('-s: several stores are not supported yet; give one')
  if (transient) throw new OperatorError('-s Transient: a bound of its own is not supported yet; leave it out')
}
