import type { DirectorFactory } from '../../vcl/runtime/directors.ts'
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

/** Directors for a set of rules. */
export function directorFactory(
  random: () => number = Math.random,
  board = new SaintBoard(undefined, ''),
  opener: Opener = NOWHERE,
): DirectorFactory {
  return {
    roundRobin: (name) => new RoundRobin(name),
    fallback: (name, sticky) => new Fallback(name, sticky),
    random: (name) => new Random(name, random),
    hash: (name) => new Hash(name),
    shard: (name) => new Shard(name, random),
    shardParam: (name) => new Params(name),
    dynamic: (name, options) => new Dynamic(name, options, opener),
    saint: (name, backend, threshold) => new Saint(name, backend, threshold, board),
  }
}
