import { nearest } from '../base/nearest.ts'
import type { Diagnostic } from '../vcl/diagnostic.ts'
import type { Named, Step } from './language/ast.ts'

/** What rules declare that tests may name. */
export interface Declared {
  readonly backends: readonly string[]
  /** They make backends while they run, too. */
  readonly open: boolean
}

/** Names in the steps of a test that the rules do not have. */
export function unknownNames(steps: readonly Step[], { backends, open }: Declared): Diagnostic[] {
  if (open) return []
  return steps
    .flatMap(backendsIn)
    .filter(({ text }) => !backends.includes(text))
    .map(({ at, text }) => {
      const meant = nearest(text, backends)
      const hint = meant === undefined ? `they have ${backends.join(', ')}` : `did you mean '${meant}'?`
      return { at, message: `the rules declare no backend '${text}'`, hint }
    })
}

function backendsIn(step: Step): readonly Named[] {
  if (step.kind === 'health') return [step.backend]
  if (step.kind === 'origin') return step.backend === undefined ? [] : [step.backend]
  if (step.kind !== 'expect') return []
  const { subject, part, part_at, test } = step
  if (subject.part === 'backend') return [{ at: part_at, text: part }]
  const compared = subject.names === 'backend' && test.kind === 'compare' && (test.op === '==' || test.op === '!=')
  return compared ? [{ at: test.at, text: test.texts[0] }] : []
}
