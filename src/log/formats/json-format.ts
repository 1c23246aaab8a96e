import { isUtf8 } from 'node:buffer'
import { asBytes } from '../../base/bytes.ts'
import type { LoggedTransaction } from '../read/transaction.ts'
import { Collector } from './collector.ts'
import { type Field, MISSING_JSON } from './field.ts'
import type { TransactionFormat } from './line-format.ts'
import { formatFault, FormatParser } from './parser.ts'
import { RequestFields } from './request-fields.ts'
import { number } from './takes.ts'
import { TimeFields } from './time-fields.ts'

/** `--json`: an object for each transaction, on a line of its own. What a transaction does not tell is null. */
export class JsonFormat implements TransactionFormat {
  private readonly fields: readonly (readonly [key: string, field: Field])[]
  private readonly collector = new Collector(true)

  /** `format` names the fields, `%h %s agent=%{User-Agent}i`; undefined: those that are of use to most. Throws an OperatorError. */
  constructor(format?: string) {
    const fields = format === undefined ? usual(this.collector) : namedFields(format, this.collector)
    this.fields = fields.map(([name, field]) => [JSON.stringify(name), field])
  }

  get keys(): string[] {
    return this.fields.map(([, { name }]) => name)
  }

  line(transaction: LoggedTransaction): string | undefined {
    if (!this.collector.collect(transaction)) return undefined
    let text = ''
    for (const [key, field] of this.fields) text += `${text === '' ? '{' : ','}${key}:${jsonValue(field, field.read(this.collector))}`
    return `${asBytes(text)}}\n`
  }
}

function jsonValue(field: Field, value: string | undefined): string {
  if (value === undefined) return 'null'
  if (field.kind === 'number') {
    const read = number(value)
    return read === undefined ? 'null' : String(read)
  }
  // What is not UTF-8 is read as latin1, so that no byte is lost.
  const bytes = Buffer.from(value, 'latin1')
  return JSON.stringify(isUtf8(bytes) ? bytes.toString('utf8') : value)
}

type Named = readonly [name: string, field: Field]

function usual(collector: Collector): Named[] {
  const request = new RequestFields(collector, MISSING_JSON)
  const time = new TimeFields(collector)
  const letters = (text: string): (Field | undefined)[] => text.split('').map((letter) => request.letter(letter))
  const fields = [
    time.exact(),
    request.vxid(),
    request.side(),
    ...letters('hum'),
    named(request.requestHeader('Host'), 'host'),
    ...letters('UqHs'),
    request.handling(),
    time.duration('us'),
    request.firstByte(),
    ...letters('IbO'),
    named(request.requestHeader('Referer'), 'referer'),
    named(request.requestHeader('User-Agent'), 'user_agent'),
  ]
  return fields.filter((field) => field !== undefined).map((field) => [field.name, field])
}

function named(field: Field, name: string): Field {
  return { ...field, name }
}

/** Only names and white space stand between fields. */
function namedFields(format: string, collector: Collector): Named[] {
  const fields: Named[] = []
  let name: string | undefined
  for (const part of new FormatParser(format, collector, true).parts()) {
    if (typeof part !== 'string') {
      fields.push([name ?? part.name, part])
      name = undefined
      continue
    }
    const given = /^\s*(?:([\w.:-]+)=)?$/.exec(part)
    if (given === null) {
      const at = Math.max(0, format.indexOf(part.trim()))
      throw formatFault(format, 'with --json only names stand between fields, as in client=%h', at, at + part.trim().length)
    }
    name = given[1]
  }
  if (name !== undefined) throw formatFault(format, `no field follows ${name}=`, format.length, format.length)
  if (fields.length === 0) throw formatFault(format, 'it has no field', 0, format.length)
  const twice = fields.find(([key], at) => fields.findIndex(([other]) => other === key) !== at)
  if (twice !== undefined) throw formatFault(format, `two fields are called ${twice[0]}: name one, as in other=%h`, 0, format.length)
  return fields
}
