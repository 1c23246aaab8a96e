import type { DirectorFactory } from '../../vcl/runtime/directors.ts'
import { Fallback } from './fallback.ts'
import { RoundRobin } from './round-robin.ts'
import { SaintBoard } from './saint-board.ts'
import { Saint } from './saint.ts'
import { Params } from './shard-param.ts'
import { Shard } from './shard.ts'
import { Hash, Random } from './weighted.ts'

/** Directors for a set of rules. */
export function directorFactory(random: () => number = Math.random, board = new SaintBoard(undefined, '')): DirectorFactory {
  return {
    roundRobin: (name) => new RoundRobin(name),
    fallback: (name, sticky) => new Fallback(name, sticky),
    random: (name) => new Random(name, random),
    hash: (name) => new Hash(name),
    shard: (name) => new Shard(name, random),
    shardParam: (name) => new Params(name),
    saint: (name, backend, threshold) => new Saint(name, backend, threshold, board),
  }
}
