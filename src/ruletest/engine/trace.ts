import type { TracePoint } from '../../vcl/runtime/trace.ts'
import type { TraceEvent } from './recorder.ts'

/** A statement that ran, as a person reads it. */
export interface TraceLine {
  readonly path: string
  readonly line: number
  readonly sub: string
  readonly text: string
  /** Of the built-in rules, and nothing came of it: what others do not read. */
  readonly dull: boolean
  /** What it came to: `is false`, `= "yes"`, `= unset`; '' where there is nothing to tell. */
  readonly outcome: string
}

const VALUE_CHARS_MAX = 200

export function traceOf(events: readonly TraceEvent[], points: readonly TracePoint[]): TraceLine[] {
  return events.map(({ point, values }) => {
    const { path, line, sub, text, condition, builtin } = points[point]
    const dull = builtin && (condition ? values.at(-1) === false : text.startsWith('call '))
    return { path, line, sub, text, dull, outcome: values.length === 0 ? '' : outcomeOf(condition, values.at(-1)) }
  })
}

function outcomeOf(condition: boolean, value: unknown): string {
  return condition ? `is ${String(value)}` : `= ${valueText(value)}`
}

/** A value of rules, for people. */
export function valueText(value: unknown): string {
  if (value === undefined || value === null) return 'unset'
  if (typeof value === 'string') return JSON.stringify(value.length > VALUE_CHARS_MAX ? `${value.slice(0, VALUE_CHARS_MAX)}...` : value)
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  const named = value as { text?: unknown; name?: unknown }
  const name = named.text ?? named.name
  return typeof name === 'string' ? name : 'a value'
}
