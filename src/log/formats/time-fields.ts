import type { Collector } from './collector.ts'
import type { Field } from './field.ts'
import { strftime } from './strftime.ts'
import { anyOf, behind, field, number } from './takes.ts'

/** Times of a format: %t, %D, %T and what stands in braces before them. */

const CLF = '[%d/%b/%Y:%T %z]'
const S = 1
const MS = 1000
const US = 1_000_000

/** What may stand before T. */
const UNITS: Readonly<Record<string, number>> = { s: S, ms: MS, us: US }
const UNIT_NAMES: Readonly<Record<number, string>> = { [S]: 'duration_s', [MS]: 'duration_ms', [US]: 'duration_us' }

/** What may stand before t, beside what strftime knows. */
const EPOCH: Readonly<Record<string, (start_s: number) => number>> = {
  sec: (start_s) => Math.trunc(start_s),
  msec: (start_s) => Math.trunc(start_s * MS),
  usec: (start_s) => Math.trunc(start_s * US),
  msec_frac: (start_s) => Math.trunc((start_s % 1) * MS),
  usec_frac: (start_s) => Math.trunc((start_s % 1) * US),
}
const EPOCH_DIGITS: Readonly<Record<string, number>> = { msec_frac: 3, usec_frac: 6 }

export class TimeFields {
  private readonly from: Collector

  constructor(from: Collector) {
    this.from = from
  }

  /** %D, %T and %{unit}T; undefined: there is no such unit. */
  duration(unit: string): Field | undefined {
    const factor = Object.hasOwn(UNITS, unit) ? UNITS[unit] : undefined
    if (factor === undefined) return undefined
    const [start, end] = [this.start(), this.end()]
    return timeField(UNIT_NAMES[factor], 'number', ({ values }) => {
      const start_s = seconds(values[start])
      return start_s === undefined ? undefined : String(Math.trunc(((seconds(values[end]) ?? start_s) - start_s) * factor) || 0)
    })
  }

  /** %t and %{format}t. */
  time(format: string = CLF): Field {
    const start = this.start()
    const epoch = Object.hasOwn(EPOCH, format) ? EPOCH[format] : undefined
    if (epoch !== undefined)
      return timeField(`time_${format}`, 'number', ({ values }) => {
        const start_s = seconds(values[start])
        return start_s === undefined ? undefined : String(epoch(start_s) || 0).padStart(EPOCH_DIGITS[format] ?? 0, '0')
      })
    const formatted = oncePerSecond(format)
    return timeField('time', 'text', ({ values }) => {
      const start_s = seconds(values[start])
      return start_s === undefined ? undefined : formatted(start_s)
    })
  }

  /** For JSON objects: RFC 3339 to the microsecond, in UTC. */
  exact(): Field {
    const start = this.start()
    return timeField('time', 'text', ({ values }) => {
      const start_s = seconds(values[start])
      return start_s === undefined ? undefined : rfc3339(start_s)
    })
  }

  private start(): number {
    return this.from.watch('start', 'first', { Timestamp: behind('Start:', field(1)) })
  }

  private end(): number {
    const take = anyOf(...['Resp:', 'PipeSess:', 'BerespBody:'].map((event) => behind(event, field(1))))
    return this.from.watch('end', 'first', { Timestamp: take })
  }
}

function timeField(name: string, kind: Field['kind'], read: Field['read']): Field {
  return { name, kind, read, missing: undefined, is_safe: true }
}

/** What a Date can hold, in seconds from 1970. */
const DATE_MAX_S = 8_640_000_000_000

function seconds(text: string | undefined): number | undefined {
  const value = text === undefined ? undefined : number(text)
  return value === undefined || Math.abs(value) > DATE_MAX_S ? undefined : value
}

/** Requests of one second have the same text. */
function oncePerSecond(format: string): (time_s: number) => string {
  let [known_s, known] = [Number.NaN, '']
  return (time_s) => {
    const second = Math.floor(time_s)
    if (second !== known_s) {
      known = strftime(format, new Date(second * MS))
      known_s = second
    }
    return known
  }
}

function rfc3339(time_s: number): string {
  const us = Math.round(time_s * US)
  const date = new Date(Math.floor(us / US) * MS).toISOString().slice(0, -5)
  return `${date}.${String(((us % US) + US) % US).padStart(6, '0')}Z`
}
