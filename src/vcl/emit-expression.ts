import { unreachable } from '../base/assert.ts'
import type { HeaderUse, Step, Value, VariableUse } from './check/program.ts'
import { TO_STRING, TRUTH, valueType } from './check/types.ts'
import type { Constants } from './emit-constants.ts'
import { isAskable, isSteady } from './emit-steady.ts'

/** JavaScript for a value: STRING may be undefined (unset), see `definedText`. */
export function emitValue(k: Constants, value: Value): string {
  switch (value.kind) {
    case 'text':
      return JSON.stringify(value.text)
    case 'number':
      return value.number < 0 ? `(${value.number})` : String(value.number)
    case 'bool':
      return String(value.bool)
    case 'enum':
      return JSON.stringify(value.word)
    case 'regex':
      return k.regex(value.pattern)
    case 'ip':
      return k.ip(value.ip)
    case 'blob':
      return k.of('blob', `blobOf(${JSON.stringify(value.base64)})`)
    case 'backend':
      return `backend${value.index}`
    case 'probe':
      return k.of('probe', JSON.stringify({ ...value.probe, name: value.name }))
    case 'acl':
      return `acl${value.index}`
    case 'sub':
      return k.of('called', `calledBy(${functionName(value.sub)})`)
    case 'variable':
      return noting(k, value, readVariable(value))
    case 'header':
      return noting(k, value, `${value.variable.fields}.get(${JSON.stringify(value.key)})`)
    case 'header_ref':
      return noting(k, value, emitHeaderRef(k, value.header))
    case 'join':
      return `(${value.parts.map((part) => definedText(k, part)).join(' + ')})`
    case 'to_string':
      return `${TO_STRING[valueType(value.of.type)]}(${emitValue(k, value.of)})`
    default:
      return emitOperation(k, value)
  }
}

/** With a note in the context where it is not steady. No statement may begin with this: lines end without a semicolon. */
function noting(k: Constants, value: Value, code: string): string {
  if (!k.tells_unsteady || isAskable(value)) return code
  return `(c.${isSteady(value) ? 'apart' : 'unsteady'} = true, ${code})`
}

/** Names may hold '-', which JavaScript's cannot. */
export function functionName(sub: string): string {
  return `sub_${sub.replaceAll('-', '$')}`
}

type Operation = Exclude<
  Value,
  {
    kind:
      | 'text'
      | 'number'
      | 'bool'
      | 'enum'
      | 'regex'
      | 'ip'
      | 'blob'
      | 'backend'
      | 'acl'
      | 'probe'
      | 'sub'
      | 'variable'
      | 'header'
      | 'header_ref'
      | 'join'
      | 'to_string'
  }
>

function emitOperation(k: Constants, value: Operation): string {
  switch (value.kind) {
    case 'raw':
      return `rawText(${emitValue(k, value.of)})`
    case 'truth':
      return emitTruth(k, value.of)
    case 'logic':
      return `(${emitValue(k, value.left)} ${value.op} ${emitValue(k, value.right)})`
    case 'not':
      return `!${emitValue(k, value.of)}`
    case 'negate':
      return `(-${emitValue(k, value.of)})`
    case 'arithmetic':
      return emitArithmetic(k, value)
    case 'compare':
      return emitComparison(k, value)
    case 'match':
      return `${value.negated ? '!' : ''}${k.regex(value.pattern)}.test(${definedText(k, value.subject)})`
    case 'match_acl':
      return `${value.negated ? '!' : ''}matchAcl${value.acl}(c, ${emitValue(k, value.subject)})`
    case 'regsub':
      return emitRegsub(k, value)
    case 'case':
      return emitCase(k, value)
    case 'resolve':
      return `resolveBackend(${noting(k, value, 'c')}, ${emitValue(k, value.of)})`
    case 'property':
      return `${emitValue(k, value.of)}.${value.member}`
    case 'vmod':
      return emitVmodCall(k, value)
    case 'object_call':
      return emitObjectCall(k, value)
    default:
      return unreachable(value)
  }
}

function readVariable(use: VariableUse): string {
  return use.variable.get.replace('@', () => JSON.stringify(use.part))
}

/** Always a string: unset is empty. */
export function definedText(k: Constants, value: Value): string {
  const text = emitValue(k, value)
  return isDefined(value) ? text : `(${text} ?? "")`
}

/** STRING values that cannot be unset. */
export function isDefined(value: Value): boolean {
  switch (value.kind) {
    case 'text':
    case 'join':
    case 'raw':
    case 'regsub':
      return true
    case 'variable':
      return value.variable.defined
    case 'case':
      return isDefined(value.of)
    case 'to_string':
      return !['BACKEND', 'STEVEDORE', 'ACL', 'PROBE'].includes(value.of.type)
    default:
      return false
  }
}

function emitTruth(k: Constants, of: Value): string {
  if (valueType(of.type) === 'STRING' && isDefined(of)) return 'true'
  if (of.type === 'BACKEND') return `isBackend(${emitValue(k, of)})`
  return `(${TRUTH[of.type]!.replace('$', () => emitValue(k, of))})`
}

function emitArithmetic(k: Constants, { op, type, left, right }: Extract<Value, { kind: 'arithmetic' }>): string {
  const [a, b] = [emitValue(k, left), emitValue(k, right)]
  const whole = type === 'INT' || type === 'BYTES'
  if (op !== '/' && op !== '%') return op === '*' && whole ? `Math.trunc(${a} * ${b})` : `(${a} ${op} ${b})`
  if (right.kind === 'number' && right.number !== 0) return op === '/' && whole ? `Math.trunc(${a} / ${b})` : `(${a} ${op} ${b})`
  return `${op === '%' ? 'modulo' : whole ? 'divideInt' : 'divide'}(${a}, ${b})`
}

function emitComparison(k: Constants, { op, left, right }: Extract<Value, { kind: 'compare' }>): string {
  const type = valueType(left.type)
  if (type === 'STRING') return emitTextComparison(k, op, left, right)
  const [a, b] = [emitValue(k, left), emitValue(k, right)]
  if (op !== '==' && op !== '!=') return `(${a} ${op} ${b})`
  if (type === 'IP') return `${op === '==' ? '' : '!'}sameIp(${a}, ${b})`
  if (type === 'STEVEDORE') return `${op === '==' ? '' : '!'}sameName(${a}, ${b})`
  return `(${a} ${op}= ${b})`
}

/** Unset is different from everything, but empty beside a concatenation. */
function emitTextComparison(k: Constants, op: string, left: Value, right: Value): string {
  const joined = left.kind === 'join' || right.kind === 'join'
  const [a, b] = joined ? [definedText(k, left), definedText(k, right)] : [emitValue(k, left), emitValue(k, right)]
  if (op !== '==' && op !== '!=') return `(compareText(${a}, ${b}) ${op} 0)`
  if (joined || isDefined(left) || isDefined(right)) return `(${a} ${op}= ${b})`
  return `${op === '==' ? '' : '!'}sameText(${a}, ${b})`
}

function emitRegsub(k: Constants, { all, subject, pattern, replacement }: Extract<Value, { kind: 'regsub' }>): string {
  const regex = k.regex(pattern)
  const text = definedText(k, subject)
  return `${all ? 'regsuball' : 'regsub'}(${text}, ${regex}, ${definedText(k, replacement)})`
}

function emitCase(k: Constants, { to, of }: Extract<Value, { kind: 'case' }>): string {
  const text = emitValue(k, of)
  return isDefined(of) ? `${to}(${text})` : `${to}OrUnset(${text})`
}

function emitVmodCall(k: Constants, value: Extract<Value, { kind: 'vmod' }>): string {
  const { vmod, name, args } = value
  const fn = k.of(`${vmod}_${name}_`, `vmodFunction(${JSON.stringify(vmod)}, ${JSON.stringify(name)})`)
  const list = args.map((arg) => (arg === undefined ? 'undefined' : emitValue(k, arg)))
  return `${fn}(${[noting(k, value, 'c'), ...list].join(', ')})`
}

function emitObjectCall(k: Constants, value: Extract<Value, { kind: 'object_call' }>): string {
  const { vmod, object_type, method, index, name, args } = value
  const path = [vmod, object_type, method].map((part) => JSON.stringify(part)).join(', ')
  const fn = k.of(`${vmod}_${object_type}_${method}_`, `vmodMethod(${path})`)
  const list = args.map((arg) => (arg === undefined ? 'undefined' : emitValue(k, arg)))
  return `${fn}(${[noting(k, value, 'c'), `madeObject(object${index}, ${JSON.stringify(name)})`, ...list].join(', ')})`
}

/** `new`: what vcl_init makes is kept as long as the rules. */
export function emitNew(k: Constants, step: Extract<Step, { kind: 'new' }>): string {
  const create = k.of(`${step.vmod}_${step.type}_new_`, `vmodObject(${JSON.stringify(step.vmod)}, ${JSON.stringify(step.type)})`)
  const list = step.args.map((arg) => (arg === undefined ? 'undefined' : emitValue(k, arg)))
  return `object${step.index} = ${create}(${['c', JSON.stringify(step.name), ...list].join(', ')})`
}

/** A header itself, not its value: `(header0.fields = c.req.fields, header0)` makes no object. */
function emitHeaderRef(k: Constants, use: HeaderUse): string {
  const ref = k.headerRef(use)
  return `(${ref}.fields = ${use.variable.fields}, ${ref})`
}

const LINE_VARIABLES: readonly string[] = ['line', 'word']

// oxlint-disable-next-line no-control-regex
const CONTROL = /[^\t\x20-\x7e\x80-\xff]/

/** Text that cannot hold control characters, so that a field can take it unexamined. */
export function isClean(value: Value): boolean {
  switch (value.kind) {
    case 'text':
      return !CONTROL.test(value.text)
    case 'header':
      return true
    case 'variable':
      return LINE_VARIABLES.includes(value.variable.guard)
    case 'to_string':
      return value.of.kind !== 'vmod' && value.of.kind !== 'object_call'
    case 'join':
      return value.parts.every(isClean)
    case 'case':
      return isClean(value.of)
    case 'regsub':
      return isClean(value.subject) && isClean(value.replacement)
    default:
      return false
  }
}

/** Text that can hold neither blanks nor control characters; it may be empty. */
export function isWord(value: Value): boolean {
  switch (value.kind) {
    case 'text':
      return /^[\x21-\x7e\x80-\xff]*$/.test(value.text)
    case 'variable':
      return value.variable.guard === 'word' && value.variable.defined
    case 'join':
      return value.parts.every(isWord)
    case 'case':
      return isWord(value.of)
    case 'regsub':
      return isWord(value.subject) && isWord(value.replacement)
    default:
      return false
  }
}
