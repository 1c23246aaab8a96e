import type { Place } from './ast.ts'
import type { Step, Target } from './check/program.ts'
import type { Source } from './diagnostic.ts'
import type { TracePoint } from './runtime/trace.ts'

/** Where a statement stands: the file, or that of the built-in rules, and its number. */
export type SourceOf = (at: Place, builtin: boolean) => readonly [source: Source, number: number]

/** The points of traced rules, and the code that tells of them. */
export class Tracing {
  readonly points: TracePoint[] = []
  private readonly sourceOf: SourceOf

  constructor(sourceOf: SourceOf) {
    this.sourceOf = sourceOf
  }

  point(at: Place, builtin: boolean, sub: string, condition: boolean): number {
    const [{ path, text }, source] = this.sourceOf(at, builtin)
    return this.points.push({ path, source, line: at.line, column: at.column, text: firstLine(text, at), condition, sub, builtin }) - 1
  }

  /** After a `set`: what the variable holds now, as far as it can be read at all. */
  readBack(point: number, step: Step): string {
    const read = step.kind === 'set' ? reading(step.target) : ''
    return read === '' ? '' : `readBack(c, ${point}, () => ${read})`
  }
}

/** What traced code takes from runtime/trace.ts. */
export const TRACE_NAMES = ['traced', 'seen', 'judged', 'readBack'] as const

function reading(target: Target): string {
  if (target.kind === 'header') return `${target.variable.fields}.get(${JSON.stringify(target.key)})`
  return target.variable.get.replace('@', () => JSON.stringify(target.part))
}

/** From where the statement begins to the end of its line. The place of another branch is that of its condition. */
function firstLine(text: string, { offset }: Place): string {
  const before = /(?:els(?:e?)if|elif|else[ \t]+if)[ \t]*\(?[ \t]*$/.exec(text.slice(Math.max(0, offset - 40), offset))
  const end = text.indexOf('\n', offset)
  return text.slice(offset - (before?.[0].length ?? 0), end < 0 ? text.length : end).trimEnd()
}
