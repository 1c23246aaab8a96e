import type { ParameterView } from '../admin/program.ts'
import { Fault, STATUS } from '../admin/fault.ts'
import { OperatorError } from '../base/errors.ts'
import { checkLogSizes } from '../config/command-line.ts'
import { boundConnections, openFilesMax } from '../config/file-limit.ts'
import { isForeign, ownSwitches } from '../config/foreign-parameters.ts'
import { isParameter, type ParameterName, parameterRow, type ParameterValues } from '../config/parameters.ts'
import { setParameter } from '../config/parameter-values.ts'

/** What is made of these is made once for the life of the process: memory, and rules that have been compiled. */
const FIXED: readonly ParameterName[] = ['policy', 'vsl_space', 'vsl_version', 'worker_heap']

export interface LiveParts {
  /** What the manager and its workers go by: changed in place. */
  readonly running: ParameterValues
  readonly workers: number
  /** All workers that run. */
  readonly tell: (changed: Partial<ParameterValues>) => Promise<void>
  readonly warn: (line: string) => void
  /** --varnishd */
  readonly lenient?: boolean
  /** -r: nobody may change them. */
  readonly protect?: readonly ParameterName[]
}

/** Parameters while the program runs: what is read once at a worker's start waits for the next one of all, so that they never differ. */
export class LiveParameters implements ParameterView {
  private readonly parts: LiveParts
  private waiting: Partial<ParameterValues> = {}

  constructor(parts: LiveParts) {
    this.parts = parts
  }

  values(): Readonly<ParameterValues> {
    return { ...this.parts.running, ...this.waiting }
  }

  ignores(name: string): boolean {
    return this.parts.lenient === true && isForeign(name)
  }

  async set(name: string, text: string): Promise<'now' | 'at start'> {
    const { protect = [] } = this.parts
    const wanted: ParameterValues = { ...this.values() }
    const meant = this.parts.lenient === true ? ownSwitches(name, text) : text
    if (meant === undefined) return 'now'
    setParameter(wanted, `${name}=${meant}`)
    if (!isParameter(name)) throw new OperatorError(`unknown parameter '${name}'`)
    if (protect.includes(name)) throw new Fault(STATUS.auth, `parameter "${name}" is protected.`)
    if (FIXED.includes(name)) throw new OperatorError(`${name} is settled when Lacquer starts: start it again with -p ${name}=${text}`)
    checkLogSizes(wanted)
    if (parameterRow(name).flags.includes('must_restart')) {
      this.waiting = { ...this.waiting, [name]: wanted[name] }
      return 'at start'
    }
    await this.change(name, wanted)
    return 'now'
  }

  /** All workers are about to begin anew. */
  settle(): void {
    Object.assign(this.parts.running, this.waiting)
    this.waiting = {}
  }

  private async change(name: ParameterName, wanted: ParameterValues): Promise<void> {
    const { running, workers, tell, warn } = this.parts
    Object.assign(running, { [name]: wanted[name] })
    const lowered = name === 'max_connections' ? boundConnections(running, workers, openFilesMax()) : undefined
    if (lowered !== undefined) warn(lowered)
    await tell({ [name]: running[name] })
  }
}
