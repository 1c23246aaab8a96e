import type { ObjectHead, Store } from '../../src/store/contract.ts'
import { Arena } from '../../src/store/arena/arena.ts'
import { SeveralStores } from '../../src/store/several.ts'
import { arenaStore, type ArenaStoreShape } from '../kit/arena.ts'
import type { MakeStore } from './store/fixtures.ts'
import { storeContract } from './store.contract.ts'

type Options = Parameters<MakeStore>[0]

function newArena({ capacity_bytes, transit_buffer_bytes }: Options, shape: ArenaStoreShape = {}): Store {
  const arena = Arena.inMemory(new SharedArrayBuffer(Math.max(2 ** 20, capacity_bytes)))
  const store = arenaStore(arena.handle, { transit_buffer_bytes, transient_bytes: capacity_bytes, ...shape })
  store.newRun()
  return store
}

/** Each object goes to the next store, wherever an earlier one with its id may be. */
class Alternating extends SeveralStores {
  private readonly all: readonly Store[]
  private turn = 0

  constructor(stores: readonly Store[]) {
    super(stores)
    this.all = stores
  }

  override open(id: string, head: ObjectHead, expected_bytes: number, _into?: Store, serial = 0) {
    return super.open(id, head, expected_bytes, this.all[this.turn++ % this.all.length], serial)
  }
}

storeContract('arena', newArena, false)
storeContract('two arenas as one', (options) => new Alternating([newArena(options), newArena(options, { name: 's1' })]), false)
