import { writesEachRecord } from '../config/features.ts'
import type { ParameterValues } from '../config/parameters.ts'
import { maskOf } from './tags.ts'
import type { LogWriter } from './writer.ts'

type Sizes = Pick<ParameterValues, 'vsl_buffer' | 'vsl_reclen'>

/** Has a log go by parameters that have changed. `sizes` are those that hold now. */
export function followParameters(log: LogWriter, changed: Partial<ParameterValues>, sizes: Sizes): void {
  if (changed.vsl_mask !== undefined) log.setMask(maskOf(changed.vsl_mask))
  if (changed.debug !== undefined) log.sync = writesEachRecord(changed.debug)
  if (changed.vsl_reclen === undefined && changed.vsl_buffer === undefined) return
  log.setSizes({ reclen_bytes: sizes.vsl_reclen, buffer_bytes: sizes.vsl_buffer })
}
