import type { ParameterValues } from '../config/parameters.ts'
import type { LogVersion } from '../log/format.ts'
import { type MappedMemory, newRing, type RingPlace, takeSeat } from '../log/place.ts'
import { maskOf } from '../log/tags.ts'
import { LogWriter } from '../log/writer.ts'
import { MANAGER } from '../shm/lock.ts'

/** The one ring of log records that all workers and the manager write to; in `mapped`, which reads as zeros, or where nobody else sees it. */
export function newLogRing(parameters: Pick<ParameterValues, 'vsl_space' | 'vsl_version'>, mapped?: MappedMemory): RingPlace {
  return newRing(mapped ?? new SharedArrayBuffer(parameters.vsl_space), Number(parameters.vsl_version) as LogVersion)
}

/** The manager's part in it: what belongs to no transaction. It also cleans up after workers that died. `tally` as in LogOptions. */
export function newManagerLog(ring: RingPlace, parameters: ParameterValues, tally: Float64Array): LogWriter {
  return new LogWriter(takeSeat(ring, MANAGER), {
    reclen_bytes: parameters.vsl_reclen,
    buffer_bytes: parameters.vsl_buffer,
    mask: maskOf(parameters.vsl_mask),
    tally,
  })
}
