import { MAIN } from '../../counters/counters.ts'
import type { OutgoingBody } from '../../origin/contract.ts'
import { codingOf } from '../../policy/coding.ts'
import type { BackendState } from '../backend-state.ts'
import { FieldChange } from '../field-change.ts'
import type { FetchFilter } from './fetch-filter.ts'
import { FetchLine, type FilterLog, type LineHost } from './fetch-line.ts'
import { GunzipFilter, GzipFilter } from './zlib-filter.ts'

/** What the body of a request goes through on its way to the origin, by the names that req.filters and bereq.filters have for it. */
const MAKERS = { gzip: GzipFilter, gunzip: GunzipFilter } as const
export type UploadFilter = keyof typeof MAKERS

/** The filters of those lists that have something to do, and the head as they make it; the name of the first that there is none of. */
export function planUpload(fetch: BackendState, lists: string): readonly UploadFilter[] | string {
  const { bereq } = fetch
  const plan: UploadFilter[] = []
  for (const name of lists.split(/\s+/)) {
    if (name === '') continue
    if (!isFilter(name)) return name
    if (codingOf(bereq.fields) !== (name === 'gzip' ? 'plain' : 'gzip')) continue
    plan.push(name)
    const change = new FieldChange(fetch, bereq.fields)
    if (name === 'gzip') change.set('Content-Encoding', 'gzip')
    else change.unset('content-encoding')
  }
  return plan
}

function isFilter(name: string): name is UploadFilter {
  return Object.hasOwn(MAKERS, name)
}

type BodySink = Parameters<OutgoingBody['start']>[0]

/** The body of a request as its filters make it: its length is not known before its end. */
export class FilteredUpload implements OutgoingBody, LineHost {
  readonly length_bytes = -1
  private readonly source: OutgoingBody
  private readonly fetch: BackendState
  private readonly filters: readonly FetchFilter[]
  private line: FetchLine | undefined
  private sink: BodySink | undefined
  private paused = false

  constructor(source: OutgoingBody, plan: readonly UploadFilter[], fetch: BackendState) {
    const { counters, params } = fetch.env
    this.source = source
    this.fetch = fetch
    this.filters = plan.map((name) => new MAKERS[name](params))
    for (const name of plan) counters[name === 'gzip' ? MAIN.n_gzip : MAIN.n_gunzip]++
  }

  start(sink: BodySink): void {
    const { source } = this
    const take = (chunk: Buffer): boolean => {
      sink.onData(chunk)
      return !this.paused
    }
    this.sink = sink
    const line = (this.line = new FetchLine(this.filters, { take, complete: () => {} }, this))
    source.start({
      onData: (chunk) => {
        if (!line.take(chunk)) source.pause()
      },
      onEnd: () => line.complete(),
      onError: (error) => this.end(error),
    })
  }

  /** The next piece is the last for now. */
  pause(): void {
    this.paused = true
  }

  resume(): void {
    this.paused = false
    this.line?.onRoom()
  }

  /** Nobody wants the rest. */
  drop(): void {
    this.sink = undefined
    this.line?.drop()
  }

  // LineHost.

  resumeCall(): void {
    this.source.resume()
  }

  storeFull(): void {}

  bodyComplete(): void {
    this.sink?.onEnd()
  }

  filterFailed(message: string): void {
    this.end(new Error(message))
  }

  get log(): FilterLog {
    return this.fetch.log
  }

  private end(error: Error): void {
    const { sink } = this
    this.drop()
    sink?.onError(error)
  }
}
