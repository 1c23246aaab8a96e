import { isClean } from './emit-expression.ts'
import type { Step, Value } from './check/program.ts'

/** Does this statement by itself need its place kept, because what it calls may throw? Blocks and calls see to their own. */
export function canFail(step: Step): boolean {
  switch (step.kind) {
    case 'set':
      return step.target.kind === 'header'
        ? !isPlain(step.value)
        : step.target.type === 'STRING' || step.target.variable.fails || mayThrow(step.value)
    case 'if':
      return step.branches.some((branch) => mayThrow(branch.condition))
    case 'return':
      return step.args.length > 0
    case 'hash_data':
    case 'synthetic':
    case 'ban':
    case 'run':
      return mayThrow(step.value)
    case 'new':
      return true
    default:
      return false
  }
}

/** Set to a literal or to another header's value: cannot be too long. */
function isPlain(value: Value): boolean {
  return (value.kind === 'text' && value.text.length < 65_536 && isClean(value)) || value.kind === 'header'
}

/** Kinds whose code may throw: modules, regexes at their limits, division, joins beyond all bounds, missing storage. */
function mayThrow(value: Value): boolean {
  switch (value.kind) {
    case 'vmod':
    case 'object_call':
    case 'resolve':
    case 'regsub':
    case 'match':
    case 'join':
    case 'match_acl':
      return true
    case 'variable':
      return value.variable.fails
    case 'arithmetic':
      return ((value.op === '/' || value.op === '%') && value.right.kind !== 'number') || mayThrow(value.left) || mayThrow(value.right)
    case 'logic':
    case 'compare':
      return mayThrow(value.left) || mayThrow(value.right)
    case 'not':
    case 'truth':
    case 'to_string':
    case 'raw':
    case 'negate':
    case 'case':
    case 'property':
      return mayThrow(value.of)
    default:
      return false
  }
}
