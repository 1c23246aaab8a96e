import type { LoggedTransaction } from '../read/transaction.ts'
import type { Collector } from './collector.ts'
import type { Field } from './field.ts'
import { parseFormat, type Part } from './parser.ts'
import { quoteJson, quoteText } from './quote.ts'

/** What makes a line of a transaction. */
export interface TransactionFormat {
  /** With its line feed, in latin1; undefined: it has no line. */
  line(transaction: LoggedTransaction): string | undefined
}

/** Lines as a format says, as varnishncsa has them. */
export class LineFormat implements TransactionFormat {
  private readonly parts: readonly Part[]
  private readonly collector: Collector
  private readonly quote: (text: string) => string

  /** `json`: what is filled in can stand within the quotes of JSON. Throws an OperatorError. */
  constructor(format: string, json = false) {
    const { parts, collector } = parseFormat(format, json)
    this.parts = parts
    this.collector = collector
    this.quote = json ? quoteJson : quoteText
  }

  line(transaction: LoggedTransaction): string | undefined {
    const { collector } = this
    if (!collector.collect(transaction)) return undefined
    let text = ''
    for (const part of this.parts) {
      if (typeof part === 'string') {
        text += part
        continue
      }
      const value = this.value(part)
      if (value === undefined) return undefined
      text += value
    }
    return `${text}\n`
  }

  private value(field: Field): string | undefined {
    const value = field.read(this.collector)
    if (value === undefined) return field.missing
    return field.is_safe === true ? value : this.quote(value)
  }
}
