import { OperatorError } from '../../base/errors.ts'
import { addGlob } from '../../log/query/tag-list.ts'
import { TAG } from '../../log/tags.ts'

/** -P: which number of a transaction is drawn. */
export interface Profile {
  readonly side: 'client' | 'backend' | 'esi'
  readonly tag: number
  /** What the record begins with; '' for any. */
  readonly prefix: string
  /** From 1. */
  readonly field: number
  /** The axis, as powers of ten. */
  readonly low: number
  readonly high: number
}

const TIMES = { low: -6, high: 3 }
const SIZES = { low: 1, high: 8 }

export const PROFILES: Readonly<Record<string, Profile>> = {
  responsetime: { side: 'client', tag: TAG.Timestamp, prefix: 'Process:', field: 3, ...TIMES },
  reqbodytime: { side: 'client', tag: TAG.Timestamp, prefix: 'ReqBody:', field: 3, ...TIMES },
  size: { side: 'client', tag: TAG.ReqAcct, prefix: '', field: 5, ...SIZES },
  Bereqtime: { side: 'backend', tag: TAG.Timestamp, prefix: 'Bereq:', field: 3, ...TIMES },
  Beresptime: { side: 'backend', tag: TAG.Timestamp, prefix: 'Beresp:', field: 3, ...TIMES },
  BerespBodytime: { side: 'backend', tag: TAG.Timestamp, prefix: 'BerespBody:', field: 3, ...TIMES },
  Besize: { side: 'backend', tag: TAG.BereqAcct, prefix: '', field: 5, ...SIZES },
}

const SIDES: Readonly<Record<string, Profile['side']>> = { c: 'client', b: 'backend', E: 'esi' }
const CUSTOM = /^(?:([cbE]):)?([^:]+):([^:]*):([0-9]{1,3})(?::(-?[0-9]{1,2}):(-?[0-9]{1,2}))?$/
const RANGE_MAX = 32

/** Throws an OperatorError. */
export function profileOf(text: string): Profile {
  if (Object.hasOwn(PROFILES, text)) return PROFILES[text]
  if (!text.includes(':')) throw new OperatorError(`-P ${text}: there is no such profile; give one of ${Object.keys(PROFILES).join(', ')}`)
  const [, side = 'c', tag, prefix = '', field, low = TIMES.low, high = TIMES.high] = CUSTOM.exec(text) ?? []
  if (tag === undefined) throw new OperatorError(`-P ${text}: give [c:|b:|E:]tag:[prefix]:field[:min:max], as in Timestamp:Process:3`)
  const profile = { side: SIDES[side], tag: tagOf(text, tag), prefix, field: Number(field), low: Number(low), high: Number(high) }
  if (profile.field === 0) throw new OperatorError(`-P ${text}: fields are counted from 1`)
  if (profile.high <= profile.low || profile.high - profile.low > RANGE_MAX)
    throw new OperatorError(`-P ${text}: the axis goes from a smaller power of ten to a larger one, ${RANGE_MAX} at most`)
  return profile
}

function tagOf(text: string, glob: string): number {
  const set = new Uint8Array(256)
  const fault = glob.includes('*') ? 'is more than one tag' : addGlob(set, glob)
  if (fault !== undefined) throw new OperatorError(`-P ${text}: '${glob}' ${fault}; see docs/reference/log-tags.md`)
  return set.indexOf(1)
}
