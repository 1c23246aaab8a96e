import { asBytes } from '../base/bytes.ts'
import { reach } from './reach.ts'
import type { ExplainOptions } from '../config/command-line.ts'
import type { Terminal } from './adm.ts'
import { isGood, sayIfCut } from './answer.ts'
import { harmless } from './screen/harmless.ts'

/** Whoever waits longer is told what for. */
const PATIENCE_MS = 1500

/** `lacquer explain`: the admin command of that name, told to a person or, with --json, as one object. Resolves with the exit code. */
export async function runExplain(options: ExplainOptions, { output, errors }: Pick<Terminal, 'output' | 'errors'>): Promise<number> {
  const { client } = await reach(options)
  const waiting = setTimeout(() => errors.write(WAITING), PATIENCE_MS)
  try {
    const { status, body } = await client.ask(options.words)
    if (!isGood(status)) {
      errors.write(`lacquer: explain: ${body.trimEnd()}\n`)
      return 1
    }
    const text = options.json ? asBytes(`${JSON.stringify(payloadOf(body), undefined, 2)}\n`) : body
    output.write(Buffer.from(output.isTTY ? harmless(text) : text, 'latin1'))
    sayIfCut(status, errors)
    return 0
  } finally {
    clearTimeout(waiting)
    client.close()
  }
}

const WAITING = 'lacquer: explain: the request is under way; what has happened is told when it has ended, or in 20 s at most\n'

/** Behind version, command and time. */
function payloadOf(body: string): unknown {
  const [, , , payload] = JSON.parse(body) as unknown[]
  return payload
}
