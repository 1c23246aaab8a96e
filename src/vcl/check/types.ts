import type { VclType } from '../vmods/vmod.ts'

export type { VclType } from '../vmods/vmod.ts'

// What converts to what, and what the operators take.

/** How a value of the type becomes STRING; types that are missing do not convert. The names are functions of runtime/values.ts. */
export const TO_STRING: Readonly<Partial<Record<VclType, string>>> = {
  STRING: '',
  HEADER: '',
  INT: 'intText',
  BYTES: 'intText',
  REAL: 'realText',
  DURATION: 'realText',
  TIME: 'timeText',
  BOOL: 'boolText',
  IP: 'ipText',
  BACKEND: 'nameText',
  PROBE: 'nameText',
  STEVEDORE: 'nameText',
  ACL: 'nameText',
  BLOB: 'blobText',
}

/** Conditions: `$` is the value. Types that are missing are an error there. */
export const TRUTH: Readonly<Partial<Record<VclType, string>>> = {
  STRING: '$ !== undefined',
  HEADER: '$ !== undefined',
  INT: '$ !== 0',
  DURATION: '$ > 0',
  BOOL: '$',
  BACKEND: '$ !== undefined',
}

const EQUATABLE: readonly VclType[] = ['BOOL', 'IP', 'BACKEND', 'ACL', 'PROBE', 'STEVEDORE', 'SUB']
const ORDERED: readonly VclType[] = ['STRING', 'INT', 'REAL', 'BYTES', 'DURATION', 'TIME']

/** HEADER reads as STRING everywhere but as a target or an argument that wants the header itself. */
export function valueType(type: VclType): VclType {
  return type === 'HEADER' || type === 'STRANDS' ? 'STRING' : type
}

export function isNumber(type: VclType): boolean {
  return type === 'INT' || type === 'REAL'
}

/** Is `left op right` a comparison VCL knows? The same type on both sides. */
export function comparable(op: string, left: VclType, right: VclType): boolean {
  if (left !== right) return false
  if (ORDERED.includes(left)) return true
  return (op === '==' || op === '!=') && EQUATABLE.includes(left)
}

/** Result of `left op right` for + - * / %, or undefined when the types do not combine (a STRING context may still join +). */
export function arithmetic(op: string, left: VclType, right: VclType): VclType | undefined {
  if (op === '%') return left === 'INT' && right === 'INT' ? 'INT' : undefined
  if (left === 'INT' && right === 'INT') return 'INT'
  if (op === '*' || op === '/') return (left === 'REAL' || left === 'DURATION' || left === 'BYTES') && isNumber(right) ? left : undefined
  if (isNumber(left) && isNumber(right)) return 'REAL'
  if (left === 'TIME' && right === 'DURATION') return 'TIME'
  if (op === '-' && left === 'TIME' && right === 'TIME') return 'DURATION'
  return left === right && (left === 'DURATION' || left === 'BYTES') ? left : undefined
}

/** Assignment operators of a target's type. */
export function assignOps(type: VclType): readonly string[] {
  if (type === 'STRING' || type === 'HEADER' || type === 'BODY') return ['=', '+=']
  if (type === 'INT' || type === 'TIME' || type === 'DURATION' || type === 'REAL' || type === 'BYTES') return ['=', '+=', '-=', '*=', '/=']
  return ['=']
}

/** Type that the right side of `target op value` must have. */
export function operandType(target: VclType, op: string): VclType {
  if (op === '=' || target === 'INT' || target === 'REAL') return target
  if (op === '*=' || op === '/=') return 'REAL'
  return target === 'TIME' ? 'DURATION' : target
}

/** Does a value of `from` go where `to` is wanted without a word? (Everything with a text goes into STRING: see TO_STRING.) */
export function assignable(from: VclType, to: VclType): boolean {
  return from === to || (from === 'HEADER' && to === 'STRING')
}
