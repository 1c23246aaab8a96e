import type { HeldCode } from '../shm/health.ts'
import type { FailureError } from './failure.ts'

/** Why a connection could not be made, as it is counted for a backend (VBE). */
export type FailureCause =
  | 'fail_eacces'
  | 'fail_eaddrnotavail'
  | 'fail_econnrefused'
  | 'fail_enetunreach'
  | 'fail_etimedout'
  | 'fail_other'
  | 'helddown' // not tried: one has just failed

export interface HolddownParameters {
  readonly backend_local_error_holddown: number
  readonly backend_remote_error_holddown: number
}

const CAUSES = new Map<string | undefined, FailureCause>([
  ['EACCES', 'fail_eacces'],
  ['EPERM', 'fail_eacces'],
  ['EADDRNOTAVAIL', 'fail_eaddrnotavail'],
  ['ECONNREFUSED', 'fail_econnrefused'],
  ['ENETUNREACH', 'fail_enetunreach'],
  ['ETIMEDOUT', 'fail_etimedout'],
])

/** What will not get better by trying again at once: a fault of this machine, or of the other one. */
const FAULTS: Readonly<Record<HeldCode, (parameters: HolddownParameters) => number>> = {
  EACCES: ours,
  EPERM: ours,
  EADDRNOTAVAIL: ours,
  ECONNREFUSED: theirs,
  ENETUNREACH: theirs,
}

function ours(parameters: HolddownParameters): number {
  return parameters.backend_local_error_holddown
}

function theirs(parameters: HolddownParameters): number {
  return parameters.backend_remote_error_holddown
}

export function causeOf({ kind, system }: FailureError): FailureCause {
  return kind === 'connect_timeout' ? 'fail_etimedout' : (CAUSES.get(system) ?? 'fail_other')
}

/** For how long after this failure no connection is tried, and why; undefined: the next one may be. */
export function holddownFor({ system }: FailureError, parameters: HolddownParameters): { code: HeldCode; hold_ms: number } | undefined {
  if (system === undefined || !Object.hasOwn(FAULTS, system)) return undefined
  const code = system as HeldCode
  const hold_ms = FAULTS[code](parameters) * 1000
  return hold_ms > 0 ? { code, hold_ms } : undefined
}
