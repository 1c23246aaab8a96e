import type { HeaderUse, Piece, Program, Step, Value } from './program.ts'

/** What rules of the operator's own do with header fields, all subs together: "req.http.cookie". */
export interface Mentions {
  readonly read: ReadonlySet<string>
  readonly changed: ReadonlySet<string>
}

export function mentionsIn(program: Program): Mentions {
  const read = new Set<string>()
  const changed = new Set<string>()
  eachStep(program, (step) => {
    if ((step.kind === 'set' || step.kind === 'unset') && step.target.kind === 'header') changed.add(nameOf(step.target))
    for (const value of valuesOf(step)) if (value.kind === 'header') read.add(nameOf(value))
  })
  return { read, changed }
}

/** `c.req.fields` and the like are all that a variable says of where its fields are; its name says it better. */
export function nameOf({ variable, key }: HeaderUse): string {
  return `${variable.name.split('.')[0]}.http.${key}`
}

/** Every step of the operator's own rules, those in blocks too. */
export function eachStep(program: Program, visit: (step: Step) => void): void {
  for (const { pieces } of program.subs) for (const piece of pieces) if (!piece.builtin) eachOf(piece, visit)
}

function eachOf(piece: Piece, visit: (step: Step) => void): void {
  const waiting: Step[] = [...piece.steps]
  for (let step = waiting.pop(); step !== undefined; step = waiting.pop()) {
    visit(step)
    if (step.kind === 'if') waiting.push(...step.branches.flatMap((branch) => branch.steps), ...step.otherwise)
  }
}

/** The values that a step evaluates itself, and all that they are made of. */
export function valuesOf(step: Step): Value[] {
  switch (step.kind) {
    case 'set':
    case 'hash_data':
    case 'synthetic':
    case 'ban':
    case 'run':
      return within([step.value])
    case 'if':
      return within(step.branches.map((branch) => branch.condition))
    case 'return':
    case 'new':
      return within(step.args)
    default:
      return []
  }
}

function within(values: readonly (Value | undefined)[]): Value[] {
  const found: Value[] = []
  const waiting = [...values]
  for (let value = waiting.pop(); value !== undefined || waiting.length > 0; value = waiting.pop()) {
    if (value === undefined) continue
    found.push(value)
    if ('of' in value) waiting.push(value.of)
    if ('left' in value) waiting.push(value.left, value.right)
    if ('parts' in value) waiting.push(...value.parts)
    if ('args' in value) waiting.push(...value.args)
    if ('subject' in value) waiting.push(value.subject)
    if ('replacement' in value) waiting.push(value.replacement)
    if (value.kind === 'header_ref') waiting.push(value.header)
  }
  return found
}

/** The literal texts in a value. */
export function textsIn(step: Step): string {
  return valuesOf(step)
    .map((value) => (value.kind === 'text' ? value.text : ''))
    .join(' ')
}
