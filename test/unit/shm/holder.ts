import { SystemClock } from '../../../src/base/clock.ts'
import { openMapping } from '../../../src/shm/mapping.ts'

/** Another process that has the file open, until it is killed or its standard input ends. */
const { mapping } = openMapping({ path: process.argv[2], size_bytes: 2 ** 20, accept: () => undefined }, new SystemClock())
Buffer.from(mapping.buffer).write('written')
process.stdout.write('ready')
process.stdin.resume()
