import { messageOf } from '../../base/errors.ts'
import type { Explanation } from '../../explain/contract.ts'
import { type Asked, readAsked } from '../../explain/request.ts'
import { withoutSecrets } from '../../explain/secrets.ts'
import { explanationText } from '../../explain/text.ts'
import { Fault, STATUS } from '../fault.ts'
import type { Program } from '../program.ts'
import type { Command } from './command.ts'

/** What the envelope of -j takes. */
const ENVELOPE_BYTES = 1024

function read(words: readonly string[]): Asked {
  try {
    return readAsked(words)
  } catch (error) {
    throw new Fault(STATUS.param, messageOf(error))
  }
}

async function told(program: Program, asked: Asked): Promise<Explanation> {
  if (program.state() !== 'running') throw new Fault(STATUS.cant, `Child in state ${program.state()}`)
  const explanation = await program.explain(asked)
  return asked.secrets ? explanation : withoutSecrets(explanation)
}

/** JSON that was cut off would be of no use. */
function whole(program: Program, text: string): string {
  const { cli_limit } = program.parameters.values()
  const needed = text.length + ENVELOPE_BYTES
  if (needed <= cli_limit) return text
  throw new Fault(
    STATUS.cant,
    `The answer has ${text.length} bytes, more than cli_limit: param.set cli_limit ${Math.ceil(needed / 1024)}k, or ask without -j`,
  )
}

export const EXPLAIN_COMMAND: Command = {
  request: 'explain',
  syntax: 'explain [-j] [-X <method>] [-H <field>]... [-w <worker>] [-i <address>] [-s] [-v] <url>',
  help: 'Take one request through, for real, and tell what became of it and why: each statement of the rules that ran, the key, what the lookup found, freshness with its arithmetic, the backend, what was stored. -X, -H: the request, a GET from 127.0.0.1 (-i) without a body unless they say otherwise. -w: which worker, from 0. -s: values of cookies and credentials in full. -v: also what the built-in rules did without consequence, and all log records.',
  differs: 'Not in Varnish. `lacquer explain` gives it.',
  min: 1,
  max: Infinity,
  run: async (program, words) => {
    const asked = read(words)
    return explanationText(await told(program, asked), asked.verbose)
  },
  json: async (program, words) => whole(program, `\n  ${JSON.stringify(await told(program, read(words)))}`),
}
