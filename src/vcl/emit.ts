import type { Place } from './ast.ts'
import type { Branch, Piece, Program, Step, Target, TypedSub, Value } from './check/program.ts'
import { RUNNABLE_SUBS } from './check/subs.ts'
import { Constants } from './emit-constants.ts'
import { definedText, emitNew, emitValue, functionName, isClean, isDefined, isWord } from './emit-expression.ts'
import { canFail } from './emit-failure.ts'
import { type Asks, asksOfSub, emitAsks, type Portion, portionsOf, type SubAsks } from './emit-portions.ts'
import { changesSteadily, isRepeatable } from './emit-steady.ts'
import { TRACE_NAMES, type Tracing } from './emit-trace.ts'
import { ACTION, type BackendDeclaration } from './runtime/context.ts'

/**
 * The typed program as JavaScript: the body of a function of `runtime` (runtime/linkage.ts) and `host` (VclHost) that
 * returns the subs. Self-contained, so that a worker can run the text that the manager made. With `tracing` it tells what it does.
 */
export function emitProgram(program: Program, describePlace: (at: Place, builtin: boolean) => string, tracing?: Tracing): string {
  const k = new Constants(describePlace)
  const returning = new Set<string>()
  const asked = new Map<string, Asks | undefined>()
  const subs = program.subs.map((sub) => {
    k.tells_unsteady = tracing === undefined && program.keying.has(sub.name)
    asked.set(sub.name, k.tells_unsteady ? asksOfSub(sub, asked) : undefined)
    return emitSub(k, sub, returning, tracing, asked)
  })
  k.tells_unsteady = false
  const exported = emitExports(k, program)
  return [
    '"use strict"',
    'const { ' + RUNTIME_NAMES.join(', ') + ' } = runtime',
    ...(tracing === undefined ? [] : [`const { ${TRACE_NAMES.join(', ')} } = runtime.tracer(host.trace)`]),
    ...program.backends.map(emitBackend),
    `const default_backend = declared${program.default_backend}`,
    `const default_hint = backend${program.default_backend}`,
    emitIsBackend(program),
    ...program.objects.map((name, i) => `let object${i} // ${name}`),
    ...program.acls.flatMap((acl, i) => [
      `const acl${i} = compileAcl(${JSON.stringify(acl)})`,
      `const matchAcl${i} = (c, ip) => matchAcl(c, acl${i}, ip)`,
    ]),
    k.source(),
    'let at = 0',
    'function failed(c, error) { if (error instanceof Ended) return error.action; c.vclError(failureText(error, places[at]), places[at]); at = 0; return ' +
      ACTION.fail +
      ' }',
    'const recalled = portions()',
    ...subs,
    `const places = ${JSON.stringify(k.places)}`,
    exported,
  ].join('\n')
}

/** What emitted code takes from runtime/linkage.ts. */
export const RUNTIME_NAMES = [
  'ban',
  'blobOf',
  'blobText',
  'boolText',
  'calledBy',
  'compareText',
  'compileAcl',
  'compileRegex',
  'divide',
  'divideInt',
  'Ended',
  'failureText',
  'intText',
  'ipText',
  'line',
  'lower',
  'lowerOrUnset',
  'madeObject',
  'makeIp',
  'matchAcl',
  'modulo',
  'nameText',
  'notEmpty',
  'notNegative',
  'madeStatus',
  'orBogus',
  'portions',
  'rawText',
  'realText',
  'regsub',
  'regsuball',
  'resolveBackend',
  'sameIp',
  'sameName',
  'sameText',
  'setField',
  'setFieldGuarded',
  'setStatus',
  'storageHint',
  'theStorage',
  'timeText',
  'unsetField',
  'upper',
  'upperOrUnset',
  'vmodFunction',
  'vmodMethod',
  'vmodObject',
  'word',
] as const

/** `backend x none;` is a backend that is not there, and named in rules it is no backend. */
function emitBackend(backend: BackendDeclaration, i: number): string {
  const declared = `const declared${i} = host.backend(${JSON.stringify(backend)})`
  return `${declared}\nconst backend${i} = ${backend.none ? 'undefined' : `declared${i}`}`
}

function emitIsBackend({ backends, default_backend }: Program): string {
  return `const isBackend = (backend) => backend !== undefined${backends[default_backend].none ? ' && backend !== default_backend' : ''}`
}

/** A built-in sub is wrapped: what is thrown below ends as return (fail), with the place of the statement. */
function emitExports(k: Constants, program: Program): string {
  const names = new Set(program.subs.map((sub) => sub.name))
  const wrapped = [...RUNNABLE_SUBS, 'init', 'fini'].map((name) => {
    const fn = functionName(`vcl_${name}`)
    if (!names.has(`vcl_${name}`)) return `${name}: () => 0`
    return `${name}(c) { at = ${k.start(`vcl_${name}`)}; try { return ${fn}(c) } catch (error) { return failed(c, error) } }`
  })
  return `return { default_backend, ${emitObjects(program)}, subs: {\n${wrapped.join(',\n')}\n} }`
}

/** What vcl_init has made, for the same rules once more: they take it over in place of making it anew (traceVcl). */
function emitObjects({ objects }: Program): string {
  const all = objects.map((_, i) => `object${i}`).join(', ')
  const borrow = all === '' ? '' : `;[${all}] = them`
  return `lend: () => [${all}], borrow(them) { ${borrow} }`
}

const KEYING: readonly string[] = ['vcl_recv', 'vcl_hash']

function emitSub(k: Constants, sub: TypedSub, returning: Set<string>, tracing: Tracing | undefined, asked: SubAsks): string {
  const out: string[] = []
  const before: string[] = []
  // What is recalled as part of who calls it is not cut up.
  const cut = k.tells_unsteady && (KEYING.includes(sub.name) || asked.get(sub.name) === undefined)
  for (const piece of sub.pieces) {
    const e = { k, sub: sub.name, piece, returning, tracing, out }
    if (!cut || piece.builtin) emitSteps(e, piece.steps, '  ')
    else for (const portion of portionsOf(piece.steps, asked)) emitPortion(e, portion, before)
  }
  if (sub.pieces.some((piece) => returns(piece.steps, returning))) returning.add(sub.name)
  return [...before, emitFunction(functionName(sub.name), out)].join('\n')
}

function emitFunction(name: string, out: readonly string[]): string {
  const needs_r = out.some((text) => text.includes('(r = '))
  return [`function ${name}(c) {`, ...(needs_r ? ['  let r = 0'] : []), ...out, '  return 0', '}'].join('\n')
}

/** A function of its own, and what remembers it: `before` the sub. */
function emitPortion(e: Emitting, { steps, asks }: Portion, before: string[]): void {
  if (asks === undefined) return emitSteps(e, steps, '  ')
  const number = e.k.portion()
  const name = `portion${number}_${functionName(e.sub)}`
  const memory = `recalled${number}_${functionName(e.sub)}`
  const body: string[] = []
  emitSteps({ ...e, out: body }, steps, '  ')
  before.push(`${emitFunction(name, body)}\nconst ${memory} = recalled(${name}, { ${emitAsks(asks)} })`)
  const call = `${memory}.run(c)`
  e.out.push(returns(steps, e.returning) ? `  if ((r = ${call}) !== 0) return r` : `  ${call}`)
}

/** Can these steps end in an action? Then callers look at what a call returns. */
function returns(steps: readonly Step[], returning: ReadonlySet<string>): boolean {
  return steps.some((step) => {
    if (step.kind === 'return') return true
    if (step.kind === 'call') return returning.has(step.sub)
    if (step.kind !== 'if') return false
    return returns(step.otherwise, returning) || step.branches.some((branch) => returns(branch.steps, returning))
  })
}

interface Emitting {
  readonly k: Constants
  readonly sub: string
  readonly piece: Piece
  readonly returning: ReadonlySet<string>
  readonly tracing: Tracing | undefined
  readonly out: string[]
}

function emitSteps(e: Emitting, steps: readonly Step[], indent: string): void {
  for (const step of steps) {
    if (canFail(step)) e.out.push(`${indent}at = ${e.k.place(e.sub, step.at, e.piece.builtin)}`)
    if (e.k.tells_unsteady && !isRepeatable(step)) e.out.push(`${indent}c.${changesSteadily(step) ? 'apart' : 'unsteady'} = true`)
    if (e.tracing === undefined) emitStep(e, step, indent)
    else emitTraced(e, e.tracing, step, indent)
  }
}

function emitTraced(e: Emitting, tracing: Tracing, step: Step, indent: string): void {
  const point = tracing.point(step.at, e.piece.builtin, e.sub, step.kind === 'if')
  e.out.push(`${indent}traced(c, ${point})`)
  emitStep(e, step, indent, point)
  const read = tracing.readBack(point, step)
  if (read !== '') e.out.push(indent + read)
}

/** What is worth telling of a step, where it is traced. */
function told(code: string, point: number | undefined): string {
  return point === undefined ? code : `seen(c, ${point}, ${code})`
}

function emitStep(e: Emitting, step: Step, indent: string, point?: number): void {
  const { k, out } = e
  switch (step.kind) {
    case 'set':
      out.push(indent + emitSet(k, step.target, step.op, step.value, point))
      return
    case 'unset':
      out.push(indent + emitUnset(step.target))
      return
    case 'if':
      return emitIf(e, step, indent, point)
    case 'call': {
      const call = `${functionName(step.sub)}(c)`
      out.push(indent + (e.returning.has(step.sub) ? `if ((r = ${call}) !== 0) return r` : call))
      return
    }
    case 'leave':
      out.push(`${indent}return 0`)
      return
    case 'return':
      return emitReturn(e, step, indent)
    case 'hash_data':
      out.push(`${indent}c.hashData(${told(emitValue(k, step.value), point)})`)
      return
    case 'synthetic':
      out.push(`${indent}c.synthetic(${told(definedText(k, step.value), point)})`)
      return
    case 'ban':
      out.push(`${indent}ban(c, ${told(emitValue(k, step.value), point)})`)
      return
    case 'run':
      out.push(indent + emitValue(k, step.value))
      return
    case 'new':
      out.push(indent + emitNew(k, step))
  }
}

/** V8 takes `else if` for nesting, and runs out of stack on some thousand of them. */
const FLAT_BRANCHES = 100

function emitIf(e: Emitting, step: Extract<Step, { kind: 'if' }>, indent: string, point: number | undefined): void {
  if (step.branches.length > FLAT_BRANCHES) return emitFlat(e, step, indent, point)
  for (const [i, branch] of step.branches.entries()) {
    const condition = i === 0 ? told(emitValue(e.k, branch.condition), point) : emitOtherCondition(e, branch)
    e.out.push(`${indent}${i === 0 ? '' : '} else '}if (${condition}) {`)
    emitSteps(e, branch.steps, indent + '  ')
  }
  if (step.otherwise.length > 0) {
    e.out.push(`${indent}} else {`)
    emitSteps(e, step.otherwise, indent + '  ')
  }
  e.out.push(`${indent}}`)
}

/** Of an `elsif`, which has a place of its own. */
function emitOtherCondition({ k, tracing, piece, sub }: Emitting, { at, condition }: Branch): string {
  const code = emitValue(k, condition)
  return tracing === undefined ? code : `judged(c, ${tracing.point(at, piece.builtin, sub, true)}, () => ${code})`
}

/** The same as a block that each branch leaves. */
function emitFlat(e: Emitting, step: Extract<Step, { kind: 'if' }>, indent: string, point: number | undefined): void {
  const { out } = e
  const label = e.k.label()
  out.push(`${indent}${label}: {`)
  for (const [i, branch] of step.branches.entries()) {
    const condition = i === 0 ? told(emitValue(e.k, branch.condition), point) : emitOtherCondition(e, branch)
    out.push(`${indent}  if (${condition}) {`)
    emitSteps(e, branch.steps, indent + '    ')
    out.push(`${indent}    break ${label}`, `${indent}  }`)
  }
  emitSteps(e, step.otherwise, indent + '  ')
  out.push(`${indent}}`)
}

function emitSet(k: Constants, target: Target, op: '=' | '+', value: Value, point: number | undefined): string {
  if (target.kind === 'header') {
    const set = isClean(value) ? 'setField' : 'setFieldGuarded'
    const names = `${JSON.stringify(target.name)}, ${JSON.stringify(target.key)}`
    return `${set}(c, ${target.variable.fields}, ${names}, ${definedText(k, value)})`
  }
  const { variable } = target
  if (target.type === 'BODY') return `c.${op === '+' ? 'appendSynthetic' : 'synthetic'}(${told(definedText(k, value), point)})`
  const code = target.type === 'STRING' ? guarded(k, target, value) : emitValue(k, value)
  return variable.set.replace('$', () => code)
}

function guarded(k: Constants, { variable }: Extract<Target, { kind: 'variable' }>, value: Value): string {
  const what = JSON.stringify(variable.name)
  if (variable.guard === 'word') return `${isWord(value) ? 'notEmpty' : 'word'}(${emitValue(k, value)}, ${what})`
  if (variable.guard === 'free') return emitValue(k, value)
  return isClean(value) && isDefined(value) && value.kind === 'text' ? emitValue(k, value) : `line(${definedText(k, value)}, ${what})`
}

function emitUnset(target: Target): string {
  return target.kind === 'header' ? `unsetField(c, ${target.variable.fields}, ${JSON.stringify(target.key)})` : target.variable.clear
}

function emitStatus(k: Constants, status: Value): string {
  const safe = status.kind === 'number' && status.number >= 100 && status.number <= 999
  return safe ? emitValue(k, status) : `madeStatus(${emitValue(k, status)})`
}

function emitReturn({ k, out }: Emitting, { action, args }: Extract<Step, { kind: 'return' }>, indent: string): void {
  if (action.args === 'synth' || action.args === 'error') {
    out.push(`${indent}c.action_status = ${args.length > 0 ? emitStatus(k, args[0]) : 503}`)
    out.push(`${indent}c.action_reason = ${args.length > 1 ? `line(${definedText(k, args[1])}, "reason")` : 'undefined'}`)
  } else if (action.args === 'ttl') {
    out.push(`${indent}c.action_ttl = ${args.length > 0 ? `notNegative(${emitValue(k, args[0])})` : '-1'}`)
  } else if (action.args === 'label') {
    out.push(`${indent}c.action_label = ${emitValue(k, args[0])}`)
  } else if (action.args === 'reason' && args.length > 0) {
    out.push(`${indent}c.vclError(c.action_reason = line(${definedText(k, args[0])}, "reason"), places[at])`)
  }
  out.push(`${indent}return ${action.code}`)
}
