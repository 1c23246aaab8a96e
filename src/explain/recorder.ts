import type { Cache } from '../cache/cache.ts'
import type { RequestHead, ResponseHead } from '../http/message.ts'
import { TAG } from '../log/tags.ts'
import type { Transaction } from '../log/writer.ts'
import type { Forwarded } from '../policy/cache-status.ts'
import type { Policy } from '../policy/policy.ts'
import type { StoreVerdict } from '../policy/storable.ts'
import type { StoredObject } from '../store/contract.ts'
import type { Action, CommonContext, LoadedVcl, VclBackend } from '../vcl/runtime/context.ts'
import type { TracePoint, TraceSink } from '../vcl/runtime/trace.ts'
import type { Entry, NoteEntry, RuleEntry } from './contract.ts'
import { freshnessNote, STORE_WORDS } from './freshness.ts'
import { lookupNote } from './lookups.ts'
import { markedNote, storedNote } from './stores.ts'

/** More than this of one request is not told: it would not be read. */
const ENTRIES_MAX = 5000
const VALUE_CHARS_MAX = 400

/** Whoever rules run for: a request, or a fetch. */
interface Task {
  readonly log: Transaction
  readonly vcl: LoadedVcl
  readonly env: { readonly policy: Policy }
}

interface ClientSide extends Task {
  readonly key: string
  readonly object: StoredObject | undefined
  readonly fetched_by_us: boolean
  readonly collapsed: boolean
  readonly came: Readonly<Forwarded> | undefined
}

interface BackendSide extends Task {
  readonly bereq: RequestHead
  readonly beresp: ResponseHead
  readonly bereq_xid: number
  readonly bereq_backend: VclBackend | undefined
  readonly sent_ms: number
  readonly kind: string
  readonly beresp_time_s: number
}

type Sub = (c: CommonContext) => Action

/**
 * Writes down what one request does. Each thing leaves a mark in the log of its transaction, so that rules, decisions and log records stand in the
 * order in which they happened.
 */
export class Recorder {
  readonly entries: Entry[] = []
  truncated = false
  /** Fetches by their ids, while it matters what becomes of their responses. */
  private readonly fetches = new Map<number, Transaction>()

  /** For rules with these points. */
  sink(points: readonly TracePoint[]): TraceSink {
    const last = new Map<number, RuleEntry>()
    return {
      step: (c, point) => {
        const { path, line, sub, text, builtin, condition } = points[point]
        const entry: RuleEntry = { is: 'rule', path, line, sub, text, builtin, condition }
        const { log } = c as unknown as Partial<Task>
        last.set(point, entry)
        if (log !== undefined) this.put(log, entry)
      },
      // Rules do not call themselves: it is the last that ran of this statement.
      value: (_c, point, value) => {
        const entry = last.get(point)
        if (entry !== undefined) entry.value = plain(value)
      },
    }
  }

  private put(log: Transaction, entry: Entry): void {
    if (this.entries.length >= ENTRIES_MAX) {
      this.truncated = true
      return
    }
    log.record(TAG.Debug, `${MARK}${this.entries.push(entry) - 1}`)
  }

  /** The same rules, with a look at what goes in and comes out. */
  watch(vcl: LoadedVcl): LoadedVcl {
    const { hash, deliver, backend_fetch, backend_response } = vcl.subs
    const subs = {
      ...vcl.subs,
      hash: after(hash, (task) => this.put(task.log, keyNote(task as ClientSide))),
      deliver: before(deliver, (task) => this.put(task.log, answerNote(task as ClientSide))),
      backend_fetch: after(backend_fetch, (task) => this.put(task.log, backendNote(task as BackendSide))),
      backend_response: before(backend_response, (task) => this.arrived(task as BackendSide)),
    }
    return Object.assign(vcl, { subs })
  }

  private arrived({ env, bereq, beresp, bereq_xid, sent_ms, beresp_time_s, kind, log }: BackendSide): void {
    this.fetches.set(bereq_xid, log)
    this.put(log, freshnessNote({ policy: env.policy, bereq, beresp, sent_ms, received_ms: beresp_time_s * 1000, passed: kind === 'pass' }))
  }

  /** The cache itself, with a look at what it answers. */
  watchCache(cache: Cache, now_ms: () => number): Cache {
    const watched: Partial<Cache> = {
      lookup: (key, request) => {
        const found = cache.lookup(key, request)
        this.put((request as unknown as Task).log, lookupNote(cache, found, key, request, now_ms()))
        return found
      },
      insert: (...args) => this.stored(cache.insert(...args), 'stored'),
      insertPart: (...args) => this.stored(cache.insertPart(...args), 'stored as a part'),
      freshen: (...args) => this.stored(cache.freshen(...args), 'validated'),
      mark: (key, req, busy, ttl_ms, pass, xid = 0) => {
        cache.mark(key, req, busy, ttl_ms, pass, xid)
        this.ofFetch(xid, markedNote(ttl_ms, pass))
      },
    }
    return new Proxy(cache, {
      get: (target, name) => {
        const own = watched[name as keyof Cache]
        if (own !== undefined) return own
        const value: unknown = Reflect.get(target, name, target)
        return typeof value === 'function' ? value.bind(target) : value
      },
    })
  }

  private stored<O extends StoredObject>(object: O, how: Parameters<typeof storedNote>[1]): O {
    this.ofFetch(object.head.xid, storedNote(object, how))
    return object
  }

  private ofFetch(xid: number, note: NoteEntry): void {
    const log = this.fetches.get(xid)
    if (log !== undefined) this.put(log, note)
  }
}

/** What a mark in the log begins with. */
export const MARK = 'explain '

function before<S extends Sub>(sub: unknown, look: (task: Task) => void): S {
  const run = sub as Sub
  return ((c: CommonContext) => {
    look(c as unknown as Task)
    return run(c)
  }) as S
}

function after<S extends Sub>(sub: unknown, look: (task: Task) => void): S {
  const run = sub as Sub
  return ((c: CommonContext) => {
    const action = run(c)
    look(c as unknown as Task)
    return action
  }) as S
}

function plain(value: unknown): string | number | boolean | null {
  if (value === undefined || value === null) return null
  if (typeof value === 'number' || typeof value === 'boolean') return value
  if (typeof value === 'string') return value.length > VALUE_CHARS_MAX ? `${value.slice(0, VALUE_CHARS_MAX)}...` : value
  const named = value as { text?: unknown; name?: unknown }
  const name = named.text ?? named.name
  return typeof name === 'string' ? name : '(a value)'
}

function keyNote({ key }: ClientSide): NoteEntry {
  const parts = key.split('\0').slice(0, -1)
  return { is: 'note', about: 'key', text: [`key: ${parts.map((part) => JSON.stringify(part)).join(' + ')}`], facts: { parts } }
}

function backendNote({ bereq_backend: backend, vcl }: BackendSide): NoteEntry {
  if (backend === undefined) return { is: 'note', about: 'backend', text: ['no backend: the rules leave none'], facts: { backend: null } }
  const { name, healthy } = backend
  const director = backend.choose !== undefined
  const by_default = backend === vcl.defaultBackend
  const why = by_default ? 'the default' : 'the rules name it'
  const text = `${director ? 'director' : 'backend'} ${name}: ${why}${healthy ? '' : '; it is sick'}`
  return { is: 'note', about: 'backend', text: [text], facts: { backend: name, director, healthy, default: by_default } }
}

function answerNote({ object, fetched_by_us, collapsed, came }: ClientSide): NoteEntry {
  const from = fetched_by_us ? 'from the fetch' : collapsed ? 'from the fetch of another request, which was waited for' : 'from the store'
  const detail = came?.detail ?? ''
  const stored = came?.stored ?? null
  const why = Object.hasOwn(STORE_WORDS, detail) ? STORE_WORDS[detail as StoreVerdict] : detail
  const text = [`answered ${from}`, ...(fetched_by_us && stored === false && why !== '' ? [`it was not stored: ${why}`] : [])]
  return {
    is: 'note',
    about: 'answer',
    text,
    facts: { fetched: fetched_by_us, collapsed, stored, detail, object: object?.head.xid ?? null },
  }
}
