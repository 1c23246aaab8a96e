import { asBytes } from '../../base/bytes.ts'
import type { OperatorError } from '../../base/errors.ts'
import { RegexError } from '../../pattern/tree.ts'
import type { Comparison, Expression, Level, NumberOperator, Selection } from './expression.ts'
import { NUMBER_OPERATORS } from './expression.ts'
import { fault } from './fault.ts'
import { type Token, type TokenKind, tokens } from './lexer.ts'
import { readInteger, readThousandths } from './numbers.ts'
import { compileOperand } from './operand.ts'
import { addGlob, type TagSet } from './tag-list.ts'

/** Parentheses in parentheses, and expressions of one query. */
const DEPTH_MAX = 200
const TOKENS_MAX = 100_000

/**
 * Reads a query of the language of vsl-query(7): several lines are one with `or` between them. Undefined when there is nothing in it. Throws an
 * OperatorError that shows the place.
 */
export function parseQuery(query: string, caseless: boolean): Expression | undefined {
  return new Parser(query, caseless).lines()
}

class Parser {
  private readonly query: string
  private readonly caseless: boolean
  private readonly tokens: readonly Token[]
  private at = 0
  private depth = 0

  constructor(query: string, caseless: boolean) {
    this.query = query
    this.caseless = caseless
    this.tokens = tokens(query)
    if (this.tokens.length > TOKENS_MAX) throw this.wrong('The query is too long', this.tokens[TOKENS_MAX])
  }

  lines(): Expression | undefined {
    const lines: Expression[] = []
    while (this.at < this.tokens.length) {
      if (this.skip('end')) continue
      lines.push(this.or())
      if (this.token.kind !== 'end') throw this.expected('and, or, or the end')
    }
    return lines.length < 2 ? lines[0] : { kind: 'or', items: lines }
  }

  private get token(): Token {
    return this.tokens[this.at]
  }

  private or(): Expression {
    const items = [this.and()]
    while (this.skip('or')) items.push(this.and())
    return items.length === 1 ? items[0] : { kind: 'or', items }
  }

  private and(): Expression {
    const items = [this.not()]
    while (this.skip('and')) items.push(this.not())
    return items.length === 1 ? items[0] : { kind: 'and', items }
  }

  private not(): Expression {
    return this.skip('not') ? { kind: 'not', item: this.group() } : this.group()
  }

  private group(): Expression {
    const { token } = this
    if (!this.skip('(')) return this.condition()
    if (++this.depth > DEPTH_MAX) throw this.wrong('There are too many parentheses within one another', token)
    const inner = this.or()
    if (!this.skip(')')) throw this.expected("')'")
    this.depth--
    return inner
  }

  private condition(): Expression {
    const { token } = this
    const level = this.level()
    if (this.token.kind === 'vxid') return this.vxid(level, token)
    const selection = this.selection(level)
    if (['end', 'and', 'or', ')'].includes(this.token.kind)) return { kind: 'records', selection, comparison: undefined }
    return { kind: 'records', selection, comparison: this.comparison() }
  }

  private vxid(level: Level | undefined, token: Token): Expression {
    if (level !== undefined) throw this.wrong('vxid takes no level', token)
    this.at++
    const operator = this.numberOperator()
    if (operator === undefined) throw this.expected('one of == != < <= > >=')
    const operand = this.value('a number')
    const value = readInteger(operand.text)
    if (value === undefined) throw this.wrong('A whole number is expected', operand)
    return { kind: 'vxid', operator, value }
  }

  private level(): Level | undefined {
    if (!this.skip('{')) return undefined
    const operand = this.value('a level')
    const [, digits, sign] = /^([0-9]{1,9})([+-]?)$/.exec(operand.text) ?? []
    if (digits === undefined) throw this.wrong('A level is a number, with + or - behind it for more or less', operand)
    if (!this.skip('}')) throw this.expected("'}'")
    return { value: Number(digits), direction: sign === '+' ? 'at least' : sign === '-' ? 'at most' : 'exactly' }
  }

  private selection(level: Level | undefined): Selection {
    const tags = this.tagList()
    const prefix = this.skip(':') ? asBytes(this.value('what the text begins with').text).toLowerCase() : undefined
    return { level, tags, prefix, field: this.skip('[') ? this.field() : 0 }
  }

  private tagList(): TagSet {
    const tags = new Uint8Array(256)
    do {
      const token = this.value('a tag')
      const wrong = addGlob(tags, token.text)
      if (wrong !== undefined) throw this.wrong(`Tag name ${wrong}`, token)
    } while (this.skip(','))
    return tags
  }

  private field(): number {
    const operand = this.value('a number')
    const number = readInteger(operand.text)
    if (number === undefined || number <= 0) throw this.wrong('Fields are counted from 1', operand)
    if (!this.skip(']')) throw this.expected("']'")
    return number
  }

  private comparison(): Comparison {
    const operator = this.numberOperator()
    if (operator !== undefined) return this.number(operator)
    const { kind } = this.token
    if (kind !== 'eq' && kind !== 'ne' && kind !== '~' && kind !== '!~') throw this.expected('an operator')
    this.at++
    const negated = kind === 'ne' || kind === '!~'
    if (kind === 'eq' || kind === 'ne') return { kind: 'text', negated, value: asBytes(this.value('a text').text), caseless: this.caseless }
    return this.pattern(negated)
  }

  private number(operator: NumberOperator): Comparison {
    const operand = this.value('a number')
    const kind = operand.text.includes('.') ? 'float' : 'integer'
    const value = kind === 'float' ? readThousandths(operand.text) : readInteger(operand.text)
    if (value === undefined) throw this.wrong('This is not a number; texts are compared with eq, ne, ~ and !~', operand)
    return { kind, operator, value }
  }

  private pattern(negated: boolean): Comparison {
    const operand = this.value('a pattern')
    try {
      return { kind: 'pattern', negated, pattern: compileOperand(operand.text, this.caseless) }
    } catch (error) {
      const hint = error instanceof RegexError && error.hint !== undefined ? `; ${error.hint}` : ''
      const place = error instanceof RegexError ? placeInside(operand, this.query, error.offset) : operand
      throw this.wrong(`Pattern: ${error instanceof Error ? error.message : 'cannot be compiled'}${hint}`, place)
    }
  }

  private numberOperator(): NumberOperator | undefined {
    const operator = NUMBER_OPERATORS.find((text) => text === this.token.kind)
    if (operator !== undefined) this.at++
    return operator
  }

  private skip(kind: TokenKind): boolean {
    if (this.token.kind !== kind) return false
    this.at++
    return true
  }

  private value(what: string): Token {
    const { token } = this
    if (token.kind !== 'value') throw this.expected(what)
    this.at++
    return token
  }

  private expected(what: string): OperatorError {
    const { token } = this
    const got = token.kind === 'end' ? 'the end' : `'${token.text}'`
    return this.wrong(`Expected ${what}, got ${got}`, token)
  }

  private wrong(message: string, { start, end }: Pick<Token, 'start' | 'end'>): OperatorError {
    return fault(this.query, message, start, end)
  }
}

/** One character of a value, where it stands there as it was meant; else all of it. */
function placeInside({ start, end, text }: Token, query: string, offset: number): Pick<Token, 'start' | 'end'> {
  const written = query.slice(start, end)
  const at = start + written.indexOf(text) + Math.min(offset, text.length - 1)
  return written.includes(text) && text !== '' ? { start: at, end: at + 1 } : { start, end }
}
