import { unreachable } from '../../base/assert.ts'
import type { Block, CallSubStatement, IfStatement, ReturnStatement, SetStatement, Statement } from '../ast.ts'
import { didYouMean } from '../diagnostic.ts'
import { actionNamed, actionsLegalIn, LEGACY_ACTIONS, LEGACY_MISS, type ActionRow } from './actions.ts'
import { checkCallStatement } from './calls.ts'
import type { Checking } from './checking.ts'
import { checkCondition, checkTarget, expect, joinTwo } from './expression.ts'
import { checkNew } from './modules.ts'
import type { Branch, Step, Target, Value } from './program.ts'
import { bitOf, kindOfSub, maskOf, type SubName } from './subs.ts'
import { assignOps, operandType, valueType, type VclType } from './types.ts'

/** A block as steps; nested plain blocks are flattened, statements with errors are left out. */
export function checkBlock(k: Checking, block: Block, sub: string): Step[] {
  const steps: Step[] = []
  for (const statement of block.statements) {
    if (statement.kind === 'block') {
      steps.push(...checkBlock(k, statement, sub))
      continue
    }
    const step = checkStatement(k, statement, sub)
    if (step !== undefined) steps.push(step)
  }
  return steps
}

const IN_HASH = maskOf('hash')
const IN_SYNTH = maskOf('synth berr')

function checkStatement(k: Checking, node: Exclude<Statement, Block>, sub: string): Step | undefined {
  switch (node.kind) {
    case 'set':
      return checkSet(k, node)
    case 'unset': {
      const target = checkTarget(k, node.target, 'unset')
      if (target?.variable.framing === true) return tellFraming(k, node, target)
      return target && { kind: 'unset', at: node.at, target }
    }
    case 'if':
      return checkIf(k, node, sub)
    case 'call_sub':
      return checkCallSub(k, node)
    case 'return':
      return checkReturn(k, node, sub)
    case 'hash_data':
    case 'synthetic': {
      k.use(node.at, `${node.kind}() is not possible`, node.kind === 'hash_data' ? IN_HASH : IN_SYNTH)
      const value = expect(k, node.value, 'STRING')
      return value && { kind: node.kind, at: node.at, value }
    }
    case 'call_statement': {
      const value = checkCallStatement(k, node.call)
      return value && { kind: 'run', at: node.at, value }
    }
    case 'new':
      return checkNew(k, node)
    case 'ban': {
      const value = expect(k, node.value, 'STRING')
      return value && { kind: 'ban', at: node.at, value }
    }
    case 'inline_c':
      return refuseInlineC(k, node.at)
    default:
      return unreachable(node)
  }
}

export function refuseInlineC(k: Checking, at: Statement['at']): undefined {
  return k.error(at, 'inline C is not possible', 'rules are compiled to JavaScript: use VCL, or a function of module std', 'unsupported')
}

function checkSet(k: Checking, node: SetStatement): Step | undefined {
  const target = checkTarget(k, node.target, 'write')
  if (target === undefined) return k.markUsed(node.value)
  const type = target.type
  if (!assignOps(type).includes(node.op)) {
    return k.error(node.op_at, `${node.op} is not possible on ${type}`, `possible: ${assignOps(type).join(' ')}`)
  }
  const value = expect(k, node.value, operandType(valueType(type), node.op))
  if (value === undefined) return undefined
  if (target.variable.framing) return tellFraming(k, node, target)
  if (node.op === '=') return { kind: 'set', at: node.at, target, op: '=', value }
  if (type === 'BODY') return { kind: 'set', at: node.at, target, op: '+', value }
  return { kind: 'set', at: node.at, target, op: '=', value: combined(target, node.op[0], value) }
}

function tellFraming(k: Checking, { at, kind }: Statement, { variable }: Target): undefined {
  const hint = 'how long a body is the server says itself; from Varnish 8.0 on this is an error'
  k.warnOnce(variable.name, at, `${kind} ${variable.name} has no effect`, hint)
  return undefined
}

function combined(target: Target, op: string, value: Value): Value {
  if (target.type === 'STRING' || target.type === 'HEADER') return joinTwo(target, value)
  return { kind: 'arithmetic', type: target.type, op, left: target, right: value }
}

function checkIf(k: Checking, node: IfStatement, sub: string): Step | undefined {
  const branches: Branch[] = []
  let sound = true
  for (const branch of node.branches) {
    const condition = checkCondition(k, branch.condition)
    const steps = checkBlock(k, branch.body, sub)
    if (condition === undefined) sound = false
    else branches.push({ at: branch.at, condition, steps })
  }
  const otherwise = node.otherwise === undefined ? [] : checkBlock(k, node.otherwise, sub)
  return sound ? { kind: 'if', at: node.at, branches, otherwise } : undefined
}

function checkCallSub(k: Checking, node: CallSubStatement): Step | undefined {
  if (node.sub.kind !== 'symbol' || node.sub.parts.length !== 1) return k.error(node.sub.at, 'expected the name of a sub')
  const folded = node.sub.text.toLowerCase()
  const global = k.find(folded)
  if (global === undefined) {
    const subs = [...k.globals.values()].filter((one) => one.kind === 'sub').map((one) => one.name)
    return k.unknown(node.sub.at, `unknown sub '${node.sub.text}'`, folded, subs)
  }
  if (global.kind !== 'sub') return k.error(node.sub.at, `${node.sub.text} is not a sub but a ${global.kind}`)
  if (!k.inBuiltin) global.used = true
  k.call(folded, node.at)
  return { kind: 'call', at: node.at, sub: folded }
}

function checkReturn(k: Checking, node: ReturnStatement, sub: string): Step | undefined {
  if (node.action === undefined) {
    if (kindOfSub(sub) === 'builtin') return k.error(node.at, `${sub} needs an action`, 'return (ACTION);')
    return { kind: 'leave', at: node.at }
  }
  const action = checkAction(k, node, sub)
  if (action === undefined) return undefined
  const args = checkActionArgs(k, action, node)
  return args && { kind: 'return', at: node.at, action, args }
}

function checkAction(k: Checking, node: ReturnStatement, sub: string): ActionRow | undefined {
  const word = node.action!
  const legacy = LEGACY_ACTIONS.find((one) => one.name === word.text)
  const inHit = kindOfSub(sub) === 'builtin' ? sub === 'vcl_hit' : word.text === 'miss'
  if (legacy !== undefined && inHit) {
    k.warn(word.at, legacy.advice, 'it goes to vcl_miss', 'obsolete')
    k.use(node.at, `return (${word.text}) is not possible`, legacy.subs)
    return LEGACY_MISS
  }
  const action = actionNamed(word.text)
  if (action === undefined) return unknownAction(k, node, sub)
  if (word.text === 'lookup' && sub === 'vcl_recv')
    return k.error(word.at, 'return (lookup) is not possible in vcl_recv', 'since VCL 4.0 it is return (hash);', 'not-here')
  if (action.pending !== undefined) return k.unsupported(word.at, action.pending)
  // pass takes its ttl everywhere, as in Varnish, though only vcl_backend_response has a use for it.
  k.use(node.at, `return (${word.text}${node.args === undefined ? '' : '(…)'}) is not possible`, action.subs)
  return action
}

function unknownAction(k: Checking, node: ReturnStatement, sub: string): undefined {
  const word = node.action!
  const legal = kindOfSub(sub) === 'builtin' ? actionsLegalIn(bitOf(sub.slice(4) as SubName)) : actionsLegalIn(0)
  return k.error(word.at, `unknown action '${word.text}'`, actionHint(word.text, legal), 'unknown-name')
}

/** What was meant, when that can be guessed; else all there are. */
function actionHint(word: string, legal: readonly string[]): string {
  return [didYouMean(word, legal), `possible here: ${legal.join(', ')}`].filter((text) => text !== undefined).join(' ')
}

const ACTION_ARGS: Readonly<Record<ActionRow['args'], { readonly types: readonly VclType[]; readonly least: number }>> = {
  none: { types: [], least: 0 },
  synth: { types: ['INT', 'STRING'], least: 1 },
  error: { types: ['INT', 'STRING'], least: 1 },
  ttl: { types: ['DURATION'], least: 1 },
  reason: { types: ['STRING'], least: 1 },
  label: { types: [], least: 0 },
}

function checkActionArgs(k: Checking, action: ActionRow, node: ReturnStatement): Value[] | undefined {
  if (action.args === 'label') return checkLabel(k, node)
  const { types, least } = ACTION_ARGS[action.args]
  if (node.args === undefined) {
    return action.args === 'synth' ? k.error(node.action!.at, 'synth needs a status', 'return (synth(404, "Not found"));') : []
  }
  if (types.length === 0) return k.error(node.action!.at, `return (${action.name}) takes no arguments`)
  if (node.args.length < least || node.args.length > types.length) return wrongCount(k, action, node)
  const values: Value[] = []
  for (const [i, argument] of node.args.entries()) {
    const value = expect(k, argument.value, types[i])
    if (value === undefined) return undefined
    values.push(value)
  }
  return values
}

/** Of return (vcl(..)): a name, not a value. Whether there is such a label is known where rules are loaded, and not to `lacquer check`. */
function checkLabel(k: Checking, node: ReturnStatement): Value[] | undefined {
  const value = node.args?.length === 1 ? node.args[0].value : undefined
  if (value?.kind !== 'symbol') return k.error(node.action!.at, 'vcl takes the name of a label', 'return (vcl(LABEL));')
  const { labels } = k.options
  if (labels !== undefined && !labels.includes(value.text)) {
    const made = labels.length === 0 ? 'make it first: vcl.label LABEL NAME' : `there are: ${labels.join(', ')}`
    return k.error(value.at, `there is no label '${value.text}'`, made)
  }
  k.labels.add(value.text)
  return [{ kind: 'text', type: 'STRING', text: value.text }]
}

function wrongCount(k: Checking, action: ActionRow, node: ReturnStatement): undefined {
  return k.error(node.action!.at, `${action.name} takes ${ACTION_ARGS[action.args].types.join(' and ')}`)
}
