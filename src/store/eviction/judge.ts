import { assert } from '../../base/assert.ts'
import type { Ageing } from './ageing.ts'
import { DROP, DROP_REMEMBER, RING_MAIN, RING_SMALL } from './policy.ts'
import type { Stripe } from './policy.ts'

/** To leave the small ring for the main ring costs twice what a round of the main ring costs. */
const PROMOTION_PRICES = 2
/** Hits beyond the price of so many rounds are forgotten: what was popular once is gone three rounds after its last hit. */
const ROUNDS_SAVED = 3
/** No object is so small that it stays longer than 16 rounds unasked for, nor so large that 64 hits a round do not keep it. */
const PRICE_MIN = 1 / 16
const PRICE_MAX = 64
/**
 * So many stripes may go by without a segment gained; then prices double with each further one, and after six more nobody can pay.
 * Where four fifths stay, a segment is gained in five rounds on average: less patience than this costs hits.
 */
const PATIENT_ROUNDS = 24
/** What requeueing costs of the budget for copying. Not nothing: a store of large objects is not to go round in circles either. */
const REQUEUE_COST = 0.25

/**
 * Judges stripes. For another round of the main ring each object pays a price out of its frequency, and stays if it can:
 *
 *   price = level * size^bias        freq' = floor(freq - price + u), kept if freq' >= 0
 *
 * u is at random in [0, 1), so that a price of 1/8 costs one hit in eight rounds. With bias 0 the level is 1 and this is S3-FIFO.
 * With bias > 0 it is greedy-dual without a priority for each object: the frequency is what an object has left, the level is how fast
 * the ageing clock runs, and it is steered so that a fixed share of what is judged stays.
 */
export class Judge {
  private readonly ageing: Ageing
  private readonly bias: number
  private seed: number

  /** `seed` makes the dice of one worker differ from another's. */
  constructor(ageing: Ageing, parameters: { readonly eviction_size_bias: number }, seed = 1) {
    this.ageing = ageing
    this.bias = parameters.eviction_size_bias
    this.seed = seed
    assert(this.bias >= 0 && this.bias <= 1, 'eviction_size_bias is between 0 and 1')
  }

  /**
   * Writes the verdicts, takes what is kept from the budget, and returns its bytes. `round` is how many stripes have been judged since
   * the last one that gained a free segment: it bounds the wait, the budget bounds the copying.
   */
  judge(stripe: Stripe, now_ms: number, round: number): number {
    this.seed = (this.seed + 0x9e3779b9) | 0
    if (this.bias > 0 && !this.ageing.started) this.start(stripe)
    let kept_bytes = this.pass(stripe, now_ms, 1)
    if (this.bias > 0 && stripe.ring === RING_MAIN) this.steer(stripe, kept_bytes)
    const cost = stripe.requeued ? REQUEUE_COST : 1
    const budget_bytes = this.ageing.credit_bytes / cost
    let pressure = 2 ** Math.max(0, round - PATIENT_ROUNDS)
    if (pressure > 1) kept_bytes = this.pass(stripe, now_ms, pressure)
    // Ends: what counts of a frequency is at most 64 prices, so that six doublings leave nobody.
    while (kept_bytes > budget_bytes) kept_bytes = this.pass(stripe, now_ms, (pressure *= 2))
    this.ageing.spend(kept_bytes * cost)
    return kept_bytes
  }

  /** One verdict each with prices times `pressure`. The dice are the same in each pass, so that more pressure only drops more. */
  private pass(stripe: Stripe, now_ms: number, pressure: number): number {
    const { count, size_bytes, freq, expiry_ms, verdict } = stripe
    const drop = stripe.ring === RING_SMALL ? DROP_REMEMBER : DROP
    let kept_bytes = 0
    for (let i = 0; i < count; i++) {
      if (expiry_ms[i] <= now_ms) {
        verdict[i] = DROP
        continue
      }
      const price = this.price(size_bytes[i])
      const due = price * pressure * (stripe.ring === RING_SMALL ? PROMOTION_PRICES : 1)
      const left = Math.floor(Math.min(freq[i], Math.max(ROUNDS_SAVED, Math.ceil(ROUNDS_SAVED * price))) - due + this.dice(i))
      if (left < 0) verdict[i] = drop
      else {
        // Promotion starts from nothing.
        verdict[i] = stripe.ring === RING_SMALL ? 0 : left
        kept_bytes += size_bytes[i]
      }
    }
    return kept_bytes
  }

  private price(size_bytes: number): number {
    if (this.bias === 0) return 1
    return Math.min(PRICE_MAX, Math.max(PRICE_MIN, 2 ** (this.ageing.level + this.bias * Math.log2(size_bytes + 1))))
  }

  private dice(i: number): number {
    let mixed = Math.imul(this.seed ^ Math.imul(i + 1, 0x85ebca6b), 0x7feb352d)
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x846ca68b)
    return ((mixed ^ (mixed >>> 16)) >>> 0) / 2 ** 32
  }

  /** The first level is the one at which a byte costs on average what it costs with bias 0. */
  private start(stripe: Stripe): void {
    let bytes = 0
    let weighed = 0
    for (let i = 0; i < stripe.count; i++) {
      bytes += stripe.size_bytes[i]
      weighed += stripe.size_bytes[i] * (stripe.size_bytes[i] + 1) ** this.bias
    }
    if (bytes > 0) this.ageing.start(Math.log2(bytes / weighed))
  }

  private steer(stripe: Stripe, kept_bytes: number): void {
    let bytes = 0
    for (let i = 0; i < stripe.count; i++) bytes += stripe.size_bytes[i]
    if (bytes > 0) this.ageing.settle(kept_bytes / bytes)
  }
}
