import { backendVcl } from '../../src/vcl/load.ts'
import { ready, time } from './in-process.ts'

/**
 * A hit without its sockets: parse, recv, hash, lookup, deliver, log and counters, down to the text of the response. What is
 * left of a hit's CPU time is the kernel and Node's sockets. Prints the best of many rounds: the machine is noisy, the code not.
 *
 *   node bench/micro/hit.ts [number of stores]
 */
const ROUNDS = 40
const HITS = 20_000
const REQUEST = Buffer.from('GET /hit HTTP/1.1\r\nHost: 127.0.0.1:6081\r\nConnection: close\r\n\r\n', 'latin1')

const one = await ready({ rules: (port) => backendVcl(`127.0.0.1:${port}`), stores: Number(process.argv[2] ?? 1), request: REQUEST })
const rounds = Array.from({ length: ROUNDS }, () => time(one, HITS))
console.log(`a hit without sockets: ${Math.min(...rounds).toFixed(0)} ns (best of ${ROUNDS} rounds)`)
await one.stop()
