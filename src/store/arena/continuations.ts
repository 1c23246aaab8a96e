import type { Doorbells } from '../../shm/doorbell.ts'
import type { Body } from '../contract.ts'
import type { ArenaBody } from './body.ts'
import type { Epochs } from './epochs.ts'
import type { Fills } from './fills.ts'
import { FAILED, OUTGROWN, type Records } from './records.ts'
import { Relay, type RelayHost } from './relay.ts'
import type { Segments } from './segments.ts'
import type { ArenaParts } from './writer.ts'

/** The rest of another worker's body, for all handles that we have of it. */
interface Expected {
  readonly window: Body
  readonly bodies: ArenaBody[]
}

/** What continuations ask of their store. */
export interface ContinuationHost {
  window(): Body
  /** Looks at the bodies that are followed under that generation. */
  look(generation: number): void
}

/**
 * Bodies that have outgrown their room in the arena and go on in windows: ours, for those who follow them in other workers,
 * and other workers', for those who follow them here. By the generation of their records.
 */
export class Continuations implements RelayHost {
  private readonly records: Records
  private readonly segments: Segments
  private readonly epochs: Epochs
  private readonly fills: Fills
  private readonly bells: Doorbells | undefined
  private readonly host: ContinuationHost
  /** None for a worker alone. */
  private readonly relay: Relay | undefined
  private readonly expected = new Map<number, Expected>()

  /** `channel` is a name that the workers of this store have in common; without bells there are no others. */
  constructor(parts: ArenaParts, epochs: Epochs, fills: Fills, bells: Doorbells | undefined, channel: string, host: ContinuationHost) {
    const { records, segments, memory } = parts
    this.epochs = epochs
    this.records = records
    this.segments = segments
    this.fills = fills
    this.host = host
    this.bells = bells
    this.relay = bells === undefined ? undefined : new Relay(channel, memory, this)
  }

  /**
   * Ours goes on in that window. The state first, then the bits: who has set its bit and does not see the state is seen by us; who
   * sees it asks. The record is held until all is sent: should we die before, the manager finds it by the fill, and who waits for
   * the rest is told. True: the window has readers for them from now on, until it is known that nobody reads there.
   */
  begin(place: number, window: Body, fill: number): boolean {
    this.records.setState(place, OUTGROWN)
    const { bells } = this
    if (this.relay === undefined || bells === undefined) {
      this.fills.remove(fill)
      return false
    }
    const workers: number[] = []
    this.records.eachFollower(place, (worker) => workers.push(worker))
    const segment = this.segments.at(place)
    this.segments.pin(segment)
    const stopped = (): void => {
      this.fills.remove(fill)
      this.segments.unpin(segment)
    }
    // Asked when this run is over: by then the object has left the index.
    let epoch: number | undefined
    const late = (): boolean => this.epochs.hurry((epoch ??= this.epochs.next()), bells)
    this.relay.outgrown(this.records.generationOf(place), { window, stopped }, workers, late)
    return true
  }

  /** Another worker's goes on: where its rest comes in. */
  expect(body: ArenaBody): Body {
    const generation = this.records.generationOf(body.place)
    const known = this.expected.get(generation)
    if (known !== undefined) {
      if (!known.window.joinable) return this.lost()
      known.bodies.push(body)
      return known.window
    }
    const window = this.host.window()
    this.expected.set(generation, { window, bodies: [body] })
    this.relay?.want(this.segments.owner(this.segments.at(body.place)), generation)
    return window
  }

  /** Others here have read on, and what this one would begin with is gone: its responses break off. */
  private lost(): Body {
    const window = this.host.window()
    window.fail()
    return window
  }

  windowOf(generation: number): Body | undefined {
    this.host.look(generation)
    const known = this.expected.get(generation)
    return known !== undefined && known.bodies.some(({ readerCount }) => readerCount > 0) ? known.window : undefined
  }

  /** The doorbell rang, perhaps because a worker has died. */
  rung(): void {
    this.relay?.rung()
    for (const [generation, { window, bodies }] of Array.from(this.expected)) {
      const read = bodies.find(({ readerCount }) => readerCount > 0)
      if (read !== undefined && window.state === 'filling' && this.records.state(read.place) !== FAILED) continue
      this.expected.delete(generation)
      window.fail()
    }
  }
}
