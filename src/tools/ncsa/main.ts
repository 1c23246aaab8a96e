import { OperatorError } from '../../base/errors.ts'
import { isAsked, type SideOptions } from '../../log/query/filter.ts'
import type { Group } from '../../log/read/transaction.ts'
import { Output } from '../log/output.ts'
import { runLog } from '../log/run.ts'
import { outputFileOf, readOptionsOf } from '../log/settings.ts'
import type { GivenOptions } from '../options/parse.ts'
import { harmless } from '../screen/harmless.ts'
import { formatOf } from './format.ts'

/** `lacquer ncsa`. */
export async function ncsaTool(given: GivenOptions): Promise<number> {
  const asked = sidesOf(given)
  const options = readOptionsOf(given, asked)
  if (options.grouping === 'raw' || options.grouping === 'session')
    throw new OperatorError(`-g ${options.grouping}: a line is of one request; give request or vxid`)
  const format = formatOf(given)
  const sides = options.grouping === 'request' ? ALL : asked
  const file = outputFileOf(given)
  const output = new Output(file, given.has('a'))
  // Lines that are not JSON are ASCII, but for what the format itself says.
  const is_shaped = file === undefined && process.stdout.isTTY && (given.has('j') || given.has('json'))
  const deliver = (group: Group): void => {
    for (const transaction of group) {
      const line = isAsked(sides, transaction) ? format.line(transaction) : undefined
      if (line !== undefined) output.write(is_shaped ? harmless(line) : line)
    }
  }
  try {
    return await runLog({ options, pid_file: given.last('P'), deliver, idle: () => output.flush(), reopen: () => output.reopen() })
  } finally {
    output.close()
  }
}

/** As in varnishncsa: where whole groups are asked for, all that is in them has lines. */
const ALL: SideOptions = { backend: true, client: true, esi: true }

/** Clients, unless it is only about backends. */
function sidesOf(given: GivenOptions): SideOptions {
  const [backend, esi] = [given.has('b'), given.has('E')]
  return { backend, client: given.has('c') || esi || !backend, esi }
}
