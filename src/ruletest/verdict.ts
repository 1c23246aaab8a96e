import { formatDuration } from '../base/units.ts'
import type { Expectation, ExpectStep } from './language/ast.ts'
import { subjectText, type SubjectValue } from './language/subjects.ts'
import type { Observation } from './observation.ts'

/** Of times that were reckoned in different ways. */
const SAME_S = 0.0015
const TEXT_CHARS_MAX = 300

export interface Disappointment {
  /** `hit`, `resp.status == 200`. */
  readonly expected: string
  readonly got: string
}

/** Undefined: it is as expected. */
export function judge(step: ExpectStep, seen: Observation): Disappointment | undefined {
  const { subject, part, test } = step
  const value = subject.of(seen, part)
  if (holds(test, value, subject.kind)) return undefined
  return { expected: expectedText(subjectText(subject, part), test, subject.kind), got: gotText(value, subject.kind, subject.name) }
}

function holds(test: Expectation, value: SubjectValue, kind: string): boolean {
  switch (test.kind) {
    case 'flag':
      return (value === true) === test.wanted
    case 'action':
      return (value === test.action) === test.wanted
    case 'present':
      return isPresent(value) === test.wanted
    default:
      return compare(test, value, kind)
  }
}

function isPresent(value: SubjectValue): boolean {
  return Array.isArray(value) ? value.length > 0 : value !== undefined
}

type Comparison = Extract<Expectation, { kind: 'compare' }>

/** As in rules: what is absent is different from everything, and matches as an empty text. */
function compare(test: Comparison, value: SubjectValue, kind: string): boolean {
  const { op } = test
  if (kind === 'list') return compareList(test, value as readonly string[])
  if (op === '~' || op === '!~') return test.matches.test(asText(value)) === (op === '~')
  if (Array.isArray(value)) return same(value, test.texts) === (op === '==')
  if (kind === 'text' && (op === '==' || op === '!=')) return (value === test.texts[0]) === (op === '==')
  return compareNumbers(test, value === undefined ? NaN : Number(value))
}

function compareList({ op, texts, matches }: Comparison, values: readonly string[]): boolean {
  const one = op === '~' || op === '!~' ? values.some((value) => matches.test(value)) : values.includes(texts[0])
  return one === (op === '~' || op === '==')
}

function same(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((text, i) => text === b[i])
}

function compareNumbers({ op, number }: Comparison, value: number): boolean {
  switch (op) {
    case '==':
      return Math.abs(value - number) < SAME_S
    case '!=':
      return !(Math.abs(value - number) < SAME_S)
    case '<':
      return value < number
    case '<=':
      return value <= number + SAME_S
    case '>':
      return value > number
    default:
      return value >= number - SAME_S
  }
}

function asText(value: SubjectValue): string {
  if (value === undefined) return ''
  return Array.isArray(value) ? value.join(' ') : String(value)
}

function expectedText(subject: string, test: Expectation, kind: string): string {
  switch (test.kind) {
    case 'flag':
      return test.wanted ? subject : `not ${subject}`
    case 'action':
      return test.wanted ? test.action : `not ${test.action}`
    case 'present':
      return `${subject} ${test.wanted ? 'present' : 'absent'}`
    default: {
      const { op, texts } = test
      const value = kind === 'number' || kind === 'duration' || /[<>]/.test(op) ? texts[0] : texts.map(quote).join(' ')
      return `${subject} ${op} ${value}`
    }
  }
}

function gotText(value: SubjectValue, kind: string, name: string): string {
  if (kind === 'flag') return value === true ? name : `not ${name}`
  if (value === undefined) return kind === 'action' ? 'no answer yet' : 'absent'
  if (typeof value === 'number') return kind === 'duration' ? formatDuration(value) : String(value)
  if (kind === 'action') return String(value)
  if (typeof value === 'object') return value.length === 0 ? 'none' : value.map(quote).join(' ')
  return quote(String(value))
}

function quote(text: string): string {
  return JSON.stringify(text.length > TEXT_CHARS_MAX ? `${text.slice(0, TEXT_CHARS_MAX)}...` : text)
}
