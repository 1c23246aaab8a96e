import { asBytes } from '../../base/bytes.ts'
import { OperatorError } from '../../base/errors.ts'
import type { RecordCursor } from '../../log/read/record-cursor.ts'
import type { Group } from '../../log/read/transaction.ts'
import type { GivenOptions } from '../options/parse.ts'
import { BinaryFile } from './binary.ts'
import { groupJson } from './json.ts'
import { Output } from './output.ts'
import { runLog } from './run.ts'
import { eachShown, outputFileOf, readOptionsOf, type Shown, shownOf } from './settings.ts'
import { harmless } from '../screen/harmless.ts'
import { COLOURED, groupText, PLAIN } from './text.ts'

/** `lacquer log`. */
export async function logTool(given: GivenOptions): Promise<number> {
  const options = readOptionsOf(given)
  const shown = shownOf(given)
  if (given.has('A') && given.has('json')) throw new OperatorError('-A and --json exclude each other')
  const file = outputFileOf(given)
  const output = new Output(file, given.has('a'))
  const binary = isBinary(given) ? new BinaryFile(output, file) : undefined
  const write =
    binary === undefined ? writerOf(given, output, shown, file === undefined && process.stdout.isTTY) : recordWriter(binary, shown)
  try {
    return await runLog({
      options,
      pid_file: given.last('P'),
      deliver: (group) => {
        write(group)
        if (given.has('u')) output.flush()
      },
      idle: () => output.flush(),
      reopen: () => {
        output.reopen()
        binary?.begin()
      },
    })
  } finally {
    output.close()
  }
}

/** -w writes the records as they are, unless text is asked for. */
function isBinary(given: GivenOptions): boolean {
  return given.has('w') && !given.has('A') && !given.has('json')
}

function writerOf(given: GivenOptions, output: Output, shown: Shown, on_terminal: boolean): (group: Group) => void {
  if (given.has('json')) {
    const shape = on_terminal ? harmless : (text: string) => text
    return (group) => output.write(shape(asBytes(groupJson(group, shown))))
  }
  const is_coloured = on_terminal && process.env.NO_COLOR === undefined
  const options = { ...shown, verbose: given.has('v'), colours: is_coloured ? COLOURED : PLAIN, on_terminal }
  return (group) => output.write(groupText(group, options))
}

function recordWriter(binary: BinaryFile, shown: Shown): (group: Group) => void {
  const write = (record: RecordCursor): void => binary.write(record)
  return (group) => eachShown(group, shown, write)
}
