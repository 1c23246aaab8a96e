import { Fields } from '../http/fields.ts'
import type { RequestHead } from '../http/message.ts'
import type { LogRecord } from '../log/reader.ts'
import { TRANSIENT } from '../config/storage.ts'
import type { Reply } from './engine/client.ts'
import type { Exchange } from './engine/exchange.ts'
import type { ActionName } from './language/subjects.ts'

/** The last response that was fetched for a request, as its log records have it. */
export interface Beresp {
  status: number | undefined
  readonly fields: Fields
  ttl_s: number | undefined
  grace_s: number | undefined
  keep_s: number | undefined
  uncacheable: boolean
}

export interface Observed {
  readonly req: RequestHead
  readonly reply: Reply
  readonly hash: readonly string[]
  /** Subs that were called, in the order of time. */
  readonly calls: readonly string[]
  /** Of it, its restarts and its fetches, in the order in which they were written. */
  readonly records: readonly LogRecord[]
  /** With those of what its page includes (ESI). */
  readonly all_records: readonly LogRecord[]
  /** The last request of its own that an origin got. */
  readonly last: Exchange | undefined
  /** All that origins got because of it. */
  readonly exchanges: readonly Exchange[]
}

/**
 * One request as a test sees it. What became of it is read from its log records, which operators see, too; the reply from the client,
 * and what the origin got from the origin.
 */
export class Observation {
  readonly req: RequestHead
  readonly reply: Reply
  readonly hash: readonly string[]
  readonly calls: string
  readonly last: Exchange | undefined
  readonly exchanges: readonly Exchange[]
  private readonly records: readonly LogRecord[]
  private readonly all_records: readonly LogRecord[]
  private readonly all: readonly Exchange[]

  /** `all`: what origins have got in this test. */
  constructor({ req, reply, hash, calls, records, all_records, last, exchanges }: Observed, all: readonly Exchange[]) {
    this.req = req
    this.reply = reply
    this.hash = hash
    this.calls = calls.join(' ')
    this.records = records
    this.all_records = all_records
    this.last = last
    this.exchanges = exchanges
    this.all = all
  }

  total(backend?: string): number {
    return backend === undefined ? this.all.length : this.all.filter((exchange) => exchange.backend === backend).length
  }

  get log(): string[] {
    return this.all_records.filter(({ name }) => name === 'VCL_Log').map(({ text }) => text)
  }

  get errors(): string[] {
    return this.all_records.filter(({ name }) => name === 'VCL_Error' || name === 'FetchError').map(({ text }) => text)
  }

  get restarts(): number {
    return this.links('restart')
  }

  get retries(): number {
    return this.links('retry')
  }

  /** How much of its page came by requests of its own. */
  get includes(): number {
    return this.all_records.filter(({ name, text }) => name === 'Link' && text.endsWith(' esi')).length
  }

  get stored(): boolean {
    return this.texts('Storage').some((text) => text.split(' ')[1] !== TRANSIENT)
  }

  get stale(): boolean {
    const ttl_s = this.hit?.ttl_s
    if (ttl_s !== undefined) return ttl_s <= 0
    return this.reply.fields?.get('cache-status')?.includes('detail=stale-if-error') ?? false
  }

  /** Of the last hit. */
  get hit(): { ttl_s: number; grace_s: number; keep_s: number } | undefined {
    const text = this.texts('Hit').at(-1)
    if (text === undefined) return undefined
    const [, ttl_s, grace_s, keep_s] = text.split(' ').map(Number)
    return { ttl_s, grace_s, keep_s }
  }

  /** By the subs of its last run through the rules. */
  get action(): ActionName | undefined {
    const names = this.records.filter(({ side }) => side === 'client')
    const run = names.slice(names.findLastIndex(({ name, text }) => name === 'VCL_call' && text === 'RECV'))
    const called = new Set(run.filter(({ name }) => name === 'VCL_call').map(({ text }) => text))
    const has = (tag: string): boolean => run.some(({ name }) => name === tag)
    if (called.has('PURGE')) return 'purge'
    if (called.has('SYNTH')) return 'synth'
    if (called.has('PIPE')) return 'pipe'
    if (called.has('PASS')) return has('HitPass') ? 'hit-for-pass' : 'pass'
    if (called.has('MISS')) return has('HitMiss') ? 'hit-for-miss' : 'miss'
    return called.has('HIT') || this.reply.state !== 'waiting' ? 'hit' : undefined
  }

  get beresp(): Beresp | undefined {
    const last = this.records.findLast(({ name }) => name === 'BerespStatus')
    if (last === undefined) return undefined
    const beresp: Beresp = {
      status: undefined,
      fields: new Fields(),
      ttl_s: undefined,
      grace_s: undefined,
      keep_s: undefined,
      uncacheable: false,
    }
    for (const record of this.records) if (record.xid === last.xid) replay(beresp, record)
    return beresp
  }

  private texts(tag: string): string[] {
    return this.records.filter(({ name }) => name === tag).map(({ text }) => text)
  }

  private links(reason: string): number {
    return this.texts('Link').filter((text) => text.endsWith(` ${reason}`)).length
  }
}

/** Fields and times are logged as they are set. */
function replay(beresp: Beresp, { name, text }: LogRecord): void {
  switch (name) {
    // Another head begins: the error page in place of what was fetched.
    case 'BerespProtocol':
      beresp.fields.clear()
      return
    case 'BerespStatus':
      beresp.status = Number(text)
      return
    case 'BerespHeader':
      return append(beresp.fields, text)
    case 'BerespUnset':
      beresp.fields.delete(text.slice(0, text.indexOf(':')).toLowerCase())
      return
    case 'TTL': {
      const [source, ttl, grace, keep] = text.split(' ')
      if (source !== 'HFP') [beresp.ttl_s, beresp.grace_s, beresp.keep_s] = [Number(ttl), Number(grace), Number(keep)]
      beresp.uncacheable = text.endsWith(' uncacheable')
    }
  }
}

function append(fields: Fields, text: string): void {
  const colon = text.indexOf(':')
  fields.append(text.slice(0, colon), text.slice(colon + 1).trim())
}
