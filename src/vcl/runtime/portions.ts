import type { Fields } from '../../http/fields.ts'
import { interned } from '../../http/known-blocks.ts'
import type { Snippet } from '../../log/encoded.ts'
import type { Mark } from '../../log/transaction.ts'
import { type NumberedText, Texts } from './texts.ts'
import { ACTION, type Action, type ClientContext } from './context.ts'

/** Of one set of rules. All in use, with their texts and records, they take some 3 MB, 12 at worst. */
const SETS = 512
const WAYS = 4
const RECORDS_MAX_BYTES = 2048
/** Of what a place has been given, has made and has changed, together: a key, say, may begin with a URL that fills a whole head. */
const TEXTS_LENGTH_MAX = 2048
/** What is recalled holds its place against so many others. */
const CREDIT_MAX = 4
/** Of so many requests one in four is to find what is remembered, or the portion is run for so many, at first. */
const TRIAL = 512
const REST_MAX = 64 * TRIAL

/** Records of the transaction that is under way: log/transaction.ts. */
export interface Recording {
  /** Another one when records would be others: the mask. */
  readonly generation: number
  mark(): Mark
  since(mark: Mark, bytes_max?: number): Snippet | undefined
  recall(records: Snippet): void
}

/** What emitted code says of a portion (emit-portions.ts). */
interface Asks {
  /** The field lines that it asks for; the first `written` it may change. */
  readonly keys: readonly string[]
  readonly written: number
  /** It asks for the URL, or changes it. */
  readonly url: boolean
  /** Of what else it asks for, and what of that it has made. */
  readonly take: (c: ClientContext, into: unknown[]) => void
  readonly put: (c: ClientContext, from: readonly unknown[]) => void
}

/** Changes of field lines, in their order. */
export class HeadChanges {
  readonly names: string[] = []
  readonly keys: string[] = []
  /** Undefined: it was taken out. */
  readonly values: (string | undefined)[] = []

  /** A line that is set once more stays in its place: the last word will do. */
  note(name: string, key: string, value: string | undefined): void {
    const before = this.keys.lastIndexOf(key)
    const i = value !== undefined && before >= 0 && this.values[before] !== undefined ? before : this.keys.length
    this.names[i] = name
    this.keys[i] = key
    this.values[i] = value
  }

  /** Before they are remembered. */
  keep(): void {
    for (const [i, value] of this.values.entries()) if (value !== undefined) this.values[i] = interned(value)
  }

  /** Of lines that there are once at most. */
  apply(fields: Fields): void {
    const { names, keys, values } = this
    for (let i = 0; i < keys.length; i++) {
      const value = values[i]
      const at = fields.indexOf(keys[i], 0)
      if (value === undefined) {
        if (at >= 0) fields.deleteAt(at)
      } else if (at < 0) fields.appendKeyed(names[i], keys[i], value)
      else {
        fields.names[at] = names[i]
        fields.values[at] = value
      }
    }
  }
}

/** Texts without the heads that they are slices of: those would be kept with them. */
function kept<T>(values: readonly T[]): T[] {
  return values.map((value) => (typeof value === 'string' ? (interned(value) as T) : value))
}

function lengthOf(values: readonly unknown[]): number {
  return values.reduce((sum: number, value) => (typeof value === 'string' ? sum + value.length : sum), 0)
}

/** A portion that has run, by all that it asked for. */
interface Remembered {
  readonly portion: Portion
  readonly generation: number
  /** Numbers of its texts: of the lines in the order of Asks.keys, and of the URL; 0: there was none. */
  readonly ids: readonly number[]
  /** Of lines that may be written, as the client spells them. */
  readonly names: readonly string[]
  readonly given: readonly unknown[]
  readonly made: readonly unknown[]
  readonly url: string
  readonly changes: HeadChanges
  readonly records: Snippet
  readonly action: Action
}

/** What the portions of a set of rules have made of requests: found by a hash of what they asked for, all of which is compared. Bounded: what comes a second time takes a place. */
class Memory {
  readonly texts = new Texts()
  readonly places: (Remembered | undefined)[] = []
  /** Of what came last. */
  readonly hashes = new Int32Array(SETS * WAYS)
  readonly credits = new Uint8Array(SETS * WAYS)

  constructor() {
    for (let i = 0; i < SETS * WAYS; i++) this.places.push(undefined)
  }
}

export class Portion {
  private readonly memory: { of: Memory | undefined }
  private readonly body: (c: ClientContext) => Action
  private readonly asks: Asks
  /** Of the request at hand. */
  private readonly ids: number[] = []
  private readonly lasts: (NumberedText | undefined)[] = []
  private readonly names: string[] = []
  private readonly given: unknown[] = []
  private asked = 0
  private recalled = 0
  private rest = 0
  private rests = TRIAL
  private readonly number: number

  constructor(memory: { of: Memory | undefined }, number: number, body: (c: ClientContext) => Action, asks: Asks) {
    this.memory = memory
    this.number = number
    for (let i = 0; i < asks.keys.length; i++) this.lasts.push(undefined)
    this.body = body
    this.asks = asks
  }

  /** What the body returns, and all that it does. */
  run(c: ClientContext): Action {
    const { recording } = c
    if (recording === undefined) return this.body(c)
    if (this.rest > 0) {
      this.rest--
      return this.body(c)
    }
    if (++this.asked === TRIAL) this.judge()
    const memory = (this.memory.of ??= new Memory())
    const hash = this.look(c, memory.texts)
    if (hash === 0) return this.body(c)
    const place = (hash & (SETS - 1)) * WAYS
    for (let i = place; i < place + WAYS; i++) {
      const found = memory.places[i]
      if (found === undefined || memory.hashes[i] !== hash || !this.fits(found, recording.generation)) continue
      this.recalled++
      memory.credits[i] = CREDIT_MAX
      if (found.records.words.length > 0) recording.recall(found.records)
      found.changes.apply(c.req.fields)
      if (this.asks.url) c.req.url = found.url
      this.asks.put(c, found.made)
      return found.action
    }
    return this.missed(c, recording, memory, place, hash)
  }

  /** Takes down what is asked for. 0: that is not to be remembered. */
  private look(c: ClientContext, texts: Texts): number {
    const { keys, written, url } = this.asks
    const { fields } = c.req
    const { ids, names } = this
    this.asks.take(c, this.given)
    let hash = this.number
    for (let i = 0; i < keys.length; i++) {
      const at = onlyLine(fields, keys[i])
      if (at < -1) return 0
      if (i < written) names[i] = at < 0 ? '' : fields.names[at]
      const id = at < 0 ? 0 : this.idOf(texts, fields.values[at], i)
      if (id < 0) return 0
      ids[i] = id
      hash = Math.imul(hash ^ id, 0x9e3779b1)
    }
    if (url) {
      const known = texts.find(c.req.url)
      if (known === undefined) return 0
      c.req.url = known.text
      ids[keys.length] = known.id
      hash = Math.imul(hash ^ known.id, 0x9e3779b1)
    }
    return hash ^ (hash >>> 15) || 1
  }

  /** The number of the i-th line's value, often that of the request before; -1: it has none. */
  private idOf(texts: Texts, value: string, i: number): number {
    const last = this.lasts[i]
    if (last !== undefined && last.text === value) return last.id
    const found = texts.find(value)
    if (found === undefined) return -1
    this.lasts[i] = found
    return found.id
  }

  private fits(found: Remembered, generation: number): boolean {
    if (found.portion !== this || found.generation !== generation) return false
    return same(found.ids, this.ids) && same(found.given, this.given) && same(found.names, this.names)
  }

  private judge(): void {
    if (this.recalled * 4 < TRIAL) {
      this.rest = this.rests
      this.rests = Math.min(REST_MAX, this.rests * 2)
    } else this.rests = TRIAL
    this.asked = this.recalled = 0
  }

  private missed(c: ClientContext, recording: Recording, memory: Memory, place: number, hash: number): Action {
    for (let i = place; i < place + WAYS; i++) if (memory.hashes[i] === hash) return this.learn(c, recording, memory, i)
    let i = place
    for (let other = place + 1; other < place + WAYS; other++) if (memory.credits[other] < memory.credits[i]) i = other
    if (memory.credits[i] > 0) memory.credits[i]--
    else {
      memory.hashes[i] = hash
      memory.places[i] = undefined
      // The next one takes the other place.
      memory.credits[i] = 1
    }
    return this.body(c)
  }

  private learn(c: ClientContext, recording: Recording, memory: Memory, place: number): Action {
    const { asks } = this
    const { generation } = recording
    const [ids, names, given] = [this.ids.slice(), kept(this.names), this.given.slice()]
    const mark = recording.mark()
    const changes = new HeadChanges()
    const { unsteady } = c
    c.unsteady = c.apart = false
    c.head_changes = changes
    let action: Action
    let records: Snippet | undefined
    try {
      action = this.body(c)
      if (!c.unsteady && !c.apart && REPEATABLE.includes(action)) records = recording.since(mark, RECORDS_MAX_BYTES)
    } finally {
      c.head_changes = undefined
      // Also of what throws: a module may end the sub with an action (failure.ts), and the request goes on.
      c.unsteady ||= unsteady
    }
    if (records === undefined) return action
    const made: unknown[] = []
    asks.take(c, made)
    if (lengthOf(given) + lengthOf(made) + lengthOf(changes.values) > TEXTS_LENGTH_MAX) return action
    changes.keep()
    const url = asks.url ? (memory.texts.add(c.req.url)?.text ?? interned(c.req.url)) : ''
    memory.places[place] = { portion: this, generation, ids, names, given: kept(given), made: kept(made), url, changes, records, action }
    return action
  }
}

/** Actions that say all by themselves. */
const REPEATABLE: readonly number[] = [ACTION.none, ACTION.hash, ACTION.lookup, ACTION.pass]

/** For emitted code: what makes the portions of one set of rules. */
export function portions(): (body: (c: ClientContext) => Action, asks: Asks) => Portion {
  const memory: { of: Memory | undefined } = { of: undefined }
  let number = 0
  return (body, asks) => new Portion(memory, ++number, body, asks)
}

function same(a: readonly unknown[], b: readonly unknown[]): boolean {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}

/** Index of the line of that name; -1: there is none, -2: there are several. */
function onlyLine({ keys, count }: Fields, key: string): number {
  let at = -1
  for (let i = 0; i < count; i++) {
    if (keys[i] !== key) continue
    if (at >= 0) return -2
    at = i
  }
  return at
}
