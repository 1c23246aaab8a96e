import type { Checking } from './checking.ts'
import type { Program, Step, TypedSub } from './program.ts'

/** How steps end: go on to the next, leave the sub that they are in (`return;`), or end all with an action. */
type End = 'on' | 'leave' | 'action'

/** Warns of statements that nothing leads to: behind a `return`, or behind an if or call that always ends in one. */
export function checkReach(k: Checking, program: Program): void {
  const ends = new Map<string, End>()
  // Subs come after those that they call.
  for (const sub of program.subs) ends.set(sub.name, endOfSub(k, sub, ends))
}

function endOfSub(k: Checking, sub: TypedSub, ends: ReadonlyMap<string, End>): End {
  let ended: Step | undefined
  let end: End = 'on'
  for (const { builtin, steps } of sub.pieces) {
    const first = steps.at(0)
    // Built-in rules are there to be skipped.
    if (builtin) break
    if (ended !== undefined && first !== undefined) {
      k.warn(first.at, `this part of ${sub.name} is never reached`, endedBy(ended, 'always ends the sub before'), 'unreachable')
      break
    }
    const found = walk(k, steps, ends)
    if (found.end !== 'on') [end, ended] = [found.end, found.by]
  }
  // To who calls it, a sub that leaves itself goes on.
  return end === 'action' ? 'action' : 'on'
}

function endedBy(step: Step, what: string): string {
  return `line ${step.at.line} ${what}`
}

/** How the steps end, and by which. What is behind that is told of once. */
function walk(k: Checking, steps: readonly Step[], ends: ReadonlyMap<string, End>): { end: End; by: Step | undefined } {
  for (const [i, step] of steps.entries()) {
    const end = endOf(k, step, ends)
    if (end === 'on') continue
    if (i + 1 < steps.length) k.warn(steps[i + 1].at, 'this is never reached', endedBy(step, 'has ended the sub'), 'unreachable')
    return { end, by: step }
  }
  return { end: 'on', by: undefined }
}

function endOf(k: Checking, step: Step, ends: ReadonlyMap<string, End>): End {
  if (step.kind === 'return') return 'action'
  if (step.kind === 'leave') return 'leave'
  if (step.kind === 'call') return ends.get(step.sub) ?? 'on'
  if (step.kind !== 'if') return 'on'
  const all = [...step.branches.map((branch) => branch.steps), step.otherwise].map((steps) => walk(k, steps, ends).end)
  if (all.includes('on')) return 'on'
  return all.includes('leave') ? 'leave' : 'action'
}
