import { closeSync, openSync, readSync } from 'node:fs'
import { OperatorError, readFault } from '../../base/errors.ts'
import { JsonFormat } from '../../log/formats/json-format.ts'
import { LineFormat, type TransactionFormat } from '../../log/formats/line-format.ts'
import { DEFAULT_FORMAT } from '../../log/formats/parser.ts'
import type { GivenOptions } from '../options/parse.ts'

/** Longer ones are no formats. */
const FILE_BYTES_MAX = 64 * 1024

/** -F, -f, -j and --json. Throws an OperatorError. */
export function formatOf(given: GivenOptions): TransactionFormat {
  const texts = given.list.flatMap(({ name, value }) => (name === 'F' ? [value] : name === 'f' ? [firstLine(value)] : []))
  if (texts.length > 1) throw new OperatorError('-F, -f: there is one format; give one of them once')
  if (given.has('json') && given.has('j')) throw new OperatorError('-j and --json exclude each other')
  if (given.has('json')) return new JsonFormat(texts.at(0))
  return new LineFormat(texts.at(0) ?? DEFAULT_FORMAT, given.has('j'))
}

function firstLine(path: string): string {
  const bytes = Buffer.alloc(FILE_BYTES_MAX)
  let text: string
  try {
    const fd = openSync(path, 'r')
    try {
      text = bytes.toString('utf8', 0, readSync(fd, bytes))
    } finally {
      closeSync(fd)
    }
  } catch (error) {
    throw new OperatorError(`-f ${path}: ${readFault(error)}`)
  }
  if (text === '') throw new OperatorError(`-f ${path}: is empty; its first line is the format`)
  return text.split(/[\n\0]/, 1)[0]
}
