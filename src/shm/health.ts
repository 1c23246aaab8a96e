import { createHash } from 'node:crypto'
import { assert } from '../base/assert.ts'
import type { Doorbells } from './doorbell.ts'

/** What an operator says of a backend: believe its probe, or do not. */
export const ADMIN = { probe: 0, healthy: 1, sick: 2 } as const
export type Admin = keyof typeof ADMIN

// A backend's cell: words, then numbers, half a cache line.
const CELL_BYTES = 32
const WORDS = CELL_BYTES / 4
const STATE = 0
const HELD_CODE = 1
/** Workers in which somebody waits for a connection, a bit for each: two words. */
const AWAITED = 2
const NUMBERS = CELL_BYTES / 8
const CHANGED_S = 2
const HELD_UNTIL_MS = 3

// STATE: all zero is healthy.
const PROBED_SICK = 1
const ADMIN_SHIFT = 1
const SICK = [false, true, false, false, true, true, true, true]
/** By ADMIN. */
const VERDICTS = [undefined, true, false]

/** Why connections fail, as they are counted; the number is what a cell holds. */
export const HELD_CODES = ['', 'EACCES', 'EPERM', 'EADDRNOTAVAIL', 'ECONNREFUSED', 'ENETUNREACH'] as const
export type HeldCode = Exclude<(typeof HELD_CODES)[number], ''>

/** What one thread posts to another so that both see the same table. */
export interface HealthHandle {
  /** Of the backends, in the order of their cells, and of the directors. */
  readonly names: readonly string[]
  /** So many cells more, for backends that rules make while they run. */
  readonly spare: number
  readonly memory: SharedArrayBuffer
}

const SPARE = 64

/**
 * The health of all backends of a rule set, and what operators say of its directors, which all workers read with one atomic load. The manager alone writes state and time of
 * change; a connection that has failed is held against the backend by whichever worker made it. The connections that are open are
 * counted for each worker by itself, so that those of one that has died can be taken away.
 */
export class HealthTable {
  readonly names: readonly string[]
  /** Can be posted to other threads. */
  readonly memory: SharedArrayBuffer
  readonly words: Int32Array
  readonly numbers: Float64Array
  private readonly spare: number
  /** Whose each of the spare cells is; 0: nobody's. */
  private readonly ids: Float64Array
  private readonly connections: Int32Array
  private readonly cells: number

  constructor({ names, spare, memory }: HealthHandle) {
    this.names = names
    this.spare = spare
    this.memory = memory
    this.cells = names.length + spare
    const cells_bytes = this.cells * CELL_BYTES
    this.words = new Int32Array(memory, 0, cells_bytes / 4)
    this.numbers = new Float64Array(memory, 0, cells_bytes / 8)
    this.ids = new Float64Array(memory, cells_bytes, spare)
    this.connections = new Int32Array(memory, cells_bytes + spare * 8)
  }

  /** All are healthy, since then. */
  static create(names: readonly string[], workers: number, now_s: number, spare = SPARE): HealthTable {
    const memory = new SharedArrayBuffer((names.length + spare) * (CELL_BYTES + 4 * workers) + spare * 8)
    const table = new HealthTable({ names, spare, memory })
    for (let i = 0; i < names.length; i++) table.numbers[i * NUMBERS + CHANGED_S] = now_s
    return table
  }

  get handle(): HealthHandle {
    return { names: this.names, spare: this.spare, memory: this.memory }
  }

  /** For the manager: a cell for a backend that rules have made. Undefined: all are taken. */
  seat(name: string, now_s: number): number | undefined {
    const free = this.ids.indexOf(0)
    if (free < 0) return undefined
    const i = this.names.length + free
    this.words.fill(0, i * WORDS, (i + 1) * WORDS)
    this.numbers[i * NUMBERS + CHANGED_S] = now_s
    this.numbers[i * NUMBERS + HELD_UNTIL_MS] = 0
    for (let at = i; at < this.connections.length; at += this.cells) Atomics.store(this.connections, at, 0)
    this.ids[free] = idOf(name)
    return i
  }

  /** Nobody uses that backend any more. */
  clear(i: number): void {
    this.ids[i - this.names.length] = 0
  }

  /** The cell of a backend that rules have made; -1 when it has none (yet). */
  seatOf(id: number): number {
    const at = this.ids.indexOf(id)
    return at < 0 ? -1 : this.names.length + at
  }

  isSeatOf(i: number, id: number): boolean {
    return this.ids[i - this.names.length] === id
  }

  /** The backend or director of that name, as that worker sees it; undefined when there is none. */
  cell(name: string, worker: number, bells?: Doorbells): HealthCell | undefined {
    const i = this.names.indexOf(name)
    return i < 0 ? undefined : new HealthCell(this, i, worker, bells)
  }

  isHealthy(i: number): boolean {
    return !SICK[Atomics.load(this.words, i * WORDS + STATE)]
  }

  changed_s(i: number): number {
    return this.numbers[i * NUMBERS + CHANGED_S]
  }

  admin(i: number): Admin {
    return ADMIN_NAMES[Atomics.load(this.words, i * WORDS + STATE) >> ADMIN_SHIFT]
  }

  verdict(i: number): boolean | undefined {
    return VERDICTS[Atomics.load(this.words, i * WORDS + STATE) >> ADMIN_SHIFT]
  }

  /** For the manager: what its probe says now. True when this makes another thing of its health. */
  setProbed(i: number, healthy: boolean, now_s: number): boolean {
    const before = Atomics.load(this.words, i * WORDS + STATE)
    return this.put(i, (before & ~PROBED_SICK) | (healthy ? 0 : PROBED_SICK), now_s)
  }

  setAdmin(i: number, admin: Admin, now_s: number): boolean {
    const before = Atomics.load(this.words, i * WORDS + STATE)
    return this.put(i, (before & PROBED_SICK) | (ADMIN[admin] << ADMIN_SHIFT), now_s)
  }

  /** The same of a director: what its members make of it is not known here, so that this is when it has changed. */
  setDirector(i: number, admin: Admin, now_s: number): void {
    this.numbers[i * NUMBERS + CHANGED_S] = now_s
    Atomics.store(this.words, i * WORDS + STATE, ADMIN[admin] << ADMIN_SHIFT)
  }

  /** Whoever sees the new state sees the time of the change, too: that is written first. */
  private put(i: number, state: number, now_s: number): boolean {
    const changes = SICK[Atomics.load(this.words, i * WORDS + STATE)] !== SICK[state]
    if (changes) this.numbers[i * NUMBERS + CHANGED_S] = now_s
    Atomics.store(this.words, i * WORDS + STATE, state)
    return changes
  }

  /** Connections to a backend of all workers. */
  open(i: number): number {
    const { connections, cells } = this
    let sum = 0
    for (let at = i; at < connections.length; at += cells) sum += Atomics.load(connections, at)
    return sum
  }

  openOf(i: number, worker: number): number {
    return Atomics.load(this.connections, worker * this.cells + i)
  }

  /** For the worker itself. */
  addOpen(i: number, worker: number, change: 1 | -1): void {
    const at = worker * this.cells + i
    assert(at < this.connections.length, 'a worker has its row in the table of its rule set')
    Atomics.add(this.connections, at, change)
  }

  /** For the manager, when the thread of that worker has ended. */
  releaseAllOf(worker: number): void {
    for (let i = 0; i < this.cells; i++) {
      Atomics.store(this.connections, worker * this.cells + i, 0)
      this.setAwaited(i, worker, false)
    }
  }

  setAwaited(i: number, worker: number, yes: boolean): void {
    const at = i * WORDS + AWAITED + (worker >> 5)
    if (yes) Atomics.or(this.words, at, 1 << (worker & 31))
    else Atomics.and(this.words, at, ~(1 << (worker & 31)))
  }

  /** Calls for each worker in which somebody waits. */
  eachAwaiting(i: number, tell: (worker: number) => void): void {
    for (let half = 0; half < 2; half++) {
      let bits = Atomics.load(this.words, i * WORDS + AWAITED + half)
      for (let worker = half * 32; bits !== 0; worker++, bits >>>= 1) if ((bits & 1) !== 0) tell(worker)
    }
  }

  holdDown(i: number, code: HeldCode, until_ms: number): void {
    this.numbers[i * NUMBERS + HELD_UNTIL_MS] = until_ms
    Atomics.store(this.words, i * WORDS + HELD_CODE, HELD_CODES.indexOf(code))
  }

  /** Why no connection is to be tried until then (epoch ms); undefined: one may be. */
  heldDown(i: number, now_ms: number): HeldCode | undefined {
    const code = HELD_CODES[Atomics.load(this.words, i * WORDS + HELD_CODE)]
    if (code === '' || code === undefined) return undefined
    const left_ms = this.numbers[i * NUMBERS + HELD_UNTIL_MS] - now_ms
    // A clock that was set back must not hold it for ever.
    return left_ms > 0 && left_ms <= HELD_MAX_MS ? code : undefined
  }
}

/** A name in a number: 48 bits of its hash, and never 0. */
export function idOf(name: string): number {
  return createHash('sha256').update(name, 'latin1').digest().readUIntLE(0, 6) || 1
}

const ADMIN_NAMES = Object.keys(ADMIN) as Admin[]
const HELD_MAX_MS = 3_600_000

/** One backend of a table, as one worker sees it. */
export class HealthCell {
  private readonly table: HealthTable
  private readonly i: number
  private readonly worker: number
  private readonly bells: Doorbells | undefined
  private awaits = false

  constructor(table: HealthTable, i: number, worker: number, bells: Doorbells | undefined) {
    this.table = table
    this.i = i
    this.worker = worker
    this.bells = bells
  }

  get healthy(): boolean {
    return this.table.isHealthy(this.i)
  }

  /** What an operator says; undefined where that is to be asked of its probe or, of a director, of its members. */
  get verdict(): boolean | undefined {
    return this.table.verdict(this.i)
  }

  /** Epoch seconds. */
  get changed_s(): number {
    return this.table.changed_s(this.i)
  }

  /** Connections of all workers. */
  get open(): number {
    return this.table.open(this.i)
  }

  /** Of this worker. */
  get openHere(): number {
    return this.table.openOf(this.i, this.worker)
  }

  opened(): void {
    this.table.addOpen(this.i, this.worker, 1)
  }

  closed(): void {
    const { table, i, worker, bells } = this
    table.addOpen(i, worker, -1)
    if (bells === undefined) return
    table.eachAwaiting(i, (other) => {
      if (other !== worker) bells.ring(other)
    })
  }

  awaited(yes: boolean): void {
    if (yes === this.awaits) return
    this.awaits = yes
    this.table.setAwaited(this.i, this.worker, yes)
  }

  holdDown(code: HeldCode, until_ms: number): void {
    this.table.holdDown(this.i, code, until_ms)
  }

  heldDown(now_ms: number): HeldCode | undefined {
    return this.table.heldDown(this.i, now_ms)
  }
}
