import type { DirectorFactory } from '../../vcl/runtime/directors.ts'
import type { Director } from './director.ts'
import { Dynamic, type Opener } from './dynamic.ts'
import { Fallback } from './fallback.ts'
import { RoundRobin } from './round-robin.ts'
import { SaintBoard } from './saint-board.ts'
import { Saint } from './saint.ts'
import { Params } from './shard-param.ts'
import { Shard } from './shard.ts'
import { Hash, Random } from './weighted.ts'

/** Where no backends can be opened. */
const NOWHERE: Opener = {
  director: ({ keep }) => ({
    open: ({ name }) => ({ name, healthy: keep(0) < 0 }),
  }),
  close: () => {},
}

/** Directors for a set of rules; `made` is told of those that stand for several backends. */
export function directorFactory(
  random: () => number = Math.random,
  board = new SaintBoard(undefined, ''),
  opener: Opener = NOWHERE,
  made: (director: Director) => void = () => {},
): DirectorFactory {
  const told = <D extends Director>(director: D): D => {
    made(director)
    return director
  }
  return {
    roundRobin: (name) => told(new RoundRobin(name)),
    fallback: (name, sticky) => told(new Fallback(name, sticky)),
    random: (name) => told(new Random(name, random)),
    hash: (name) => told(new Hash(name)),
    shard: (name) => told(new Shard(name, random)),
    shardParam: (name) => new Params(name),
    dynamic: (name, options) => new Dynamic(name, options, opener),
    saint: (name, backend, threshold) => new Saint(name, backend, threshold, board),
  }
}
