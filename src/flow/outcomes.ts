import { codeAt } from '../base/characters.ts'
import type { KnownBlock } from '../http/known-blocks.ts'
import { RequestHead } from '../http/message.ts'
import type { Snippet } from '../log/encoded.ts'
import type { Mark } from '../log/transaction.ts'
import type { LoadedVcl, VclBackend } from '../vcl/runtime/context.ts'
import type { ClientTask } from './client-task.ts'

/** All in use they take 7 MB, half of that log records; 24 MB with the longest URLs, and other field lines for each. */
const SLOTS = 1024
const RECORDS_MAX_BYTES = 4096
/** Requests with longer URLs are not remembered. */
const URL_MAX = 1024
/** Characters of a URL that choose its slot, at most twice as many. */
const HASHED_CHARACTERS_LOG2 = 3
/** An outcome that is recalled holds its slot against so many other requests. */
const CREDIT_MAX = 8
/** A slot whose outcomes are of no use learns one in so many, in the end. */
const PATIENCE_MAX = 1024

/** What vcl_recv and vcl_hash make of a request, in the task's own names: vcl/emit-steady.ts has what may be among it. */
class Made {
  readonly req = new RequestHead()
  client_identity: string | undefined = undefined
  backend_hint: VclBackend | null | undefined = undefined
  req_grace_s: number | undefined = undefined
  req_ttl_s: number | undefined = undefined
  req_esi = true
  hash_always_miss = false
  hash_ignore_busy = false
  hash_ignore_vary = false
  offered: string | undefined = undefined
  key = ''
}

/** From a task to remember it, to a task to recall it. */
function copyMade(from: Made, to: Made): void {
  to.req.copyFrom(from.req)
  to.client_identity = from.client_identity
  to.backend_hint = from.backend_hint
  to.req_grace_s = from.req_grace_s
  to.req_ttl_s = from.req_ttl_s
  to.req_esi = from.req_esi
  to.hash_always_miss = from.hash_always_miss
  to.hash_ignore_busy = from.hash_ignore_busy
  to.hash_ignore_vary = from.hash_ignore_vary
  to.offered = from.offered
  to.key = from.key
}

/** Of a request that they let be looked up. */
class Outcome {
  private readonly made = new Made()
  private readonly records: Snippet

  constructor(task: ClientTask, records: Snippet) {
    copyMade(task, this.made)
    this.records = records
  }

  /** As if the subs had run. */
  recall(task: ClientTask): void {
    copyMade(this.made, task)
    task.error_told = false
    task.log.recall(this.records)
  }
}

/** One request, by all that its outcome follows from. */
class Slot {
  /** Its field lines and their version of HTTP. */
  known: KnownBlock | undefined = undefined
  url = ''
  method = ''
  /** Addresses of the connection. */
  client = ''
  server = ''
  outcome: Outcome | undefined = undefined
  credit = 0
  waits = 0
  patience = 0

  claim(task: ClientTask): void {
    if (this.outcome !== undefined) {
      if (this.credit-- > 0) return
      // Given up without having been recalled: patience is 0 again with the first recall.
      this.waits = this.patience
      this.credit = 0
    }
    const { req } = task
    this.known = req.known
    this.url = req.url
    this.method = req.method
    this.client = task.client_ip.text
    this.server = task.server_ip.text
    this.outcome = undefined
  }
}

/**
 * What rules have made of requests that came before, field for field: nothing needs to be run to know what they make of them now. Only where they are steady
 * (vcl/emit-steady.ts), and what they were asked is known (http/known-blocks.ts). A request is learnt when it comes a second time with no other of its slot in
 * between. The number of slots is fixed, and a slot that learns in vain learns half as often each time.
 */
export class Outcomes {
  private slots: Slot[] = []
  /** Whose outcomes these are, and of which set of masks and sizes of the log. */
  private vcl: LoadedVcl | undefined
  private generation = -1
  private learner: ClientTask | undefined
  private place: Slot | undefined
  private mark: Mark | undefined

  /** Rules or parameters have changed. */
  forget(): void {
    this.slots = []
    this.vcl = this.place = this.learner = this.mark = undefined
  }

  /** Before vcl_recv. True: neither it nor vcl_hash need to run, all has been done that they would do. */
  recalls(task: ClientTask): boolean {
    this.learner = undefined
    const { known, url } = task.req
    if (known === undefined || url.length > URL_MAX || task.restarts > 0 || task.esi_level > 0 || task.relabelled) return false
    const { env, vcl } = task
    if (vcl !== this.vcl || env.log.encoded.generation !== this.generation) {
      // By rules that have been replaced: those that have taken over are not to start anew for that.
      if (vcl !== env.vcl) return false
      this.begin(task)
    }
    const slot = this.slotOf(task, known)
    if (slot === undefined) return false
    const { outcome } = slot
    if (outcome === undefined) {
      this.listen(task, slot)
      return false
    }
    if (slot.credit < CREDIT_MAX) slot.credit++
    slot.patience = 0
    outcome.recall(task)
    return true
  }

  /** After vcl_hash, when the request is to be looked up. */
  learn(task: ClientTask): void {
    const { place, mark } = this
    if (task !== this.learner || place === undefined || mark === undefined) return
    this.learner = undefined
    place.waits = place.patience = Math.min(PATIENCE_MAX, place.patience * 2 + 1)
    if (task.unsteady || task.module_state !== undefined) return
    const records = task.log.since(mark, RECORDS_MAX_BYTES)
    if (records !== undefined) place.outcome = new Outcome(task, records)
  }

  private begin({ env, vcl }: ClientTask): void {
    this.forget()
    this.vcl = vcl
    this.generation = env.log.encoded.generation
    for (let i = 0; i < SLOTS; i++) this.slots.push(new Slot())
  }

  /** That of the same request; undefined when it is another's. */
  private slotOf(task: ClientTask, known: KnownBlock): Slot | undefined {
    const { url, method } = task.req
    const slot = this.slots[slotNumber(url, known.slot)]
    const same = slot.known === known && slot.url === url && slot.method === method
    if (same && slot.client === task.client_ip.text && slot.server === task.server_ip.text) return slot
    slot.claim(task)
    return undefined
  }

  private listen(task: ClientTask, slot: Slot): void {
    if (slot.waits > 0) {
      slot.waits--
      return
    }
    task.unsteady = false
    this.learner = task
    this.place = slot
    this.mark = task.log.mark()
  }
}

function slotNumber(url: string, seed: number): number {
  const { length } = url
  const step = 1 + (length >> HASHED_CHARACTERS_LOG2)
  let hash = Math.imul(seed, 0x9e3779b1) ^ length
  for (let i = length - 1; i >= 0; i -= step) hash = Math.imul(hash ^ codeAt(url, i), 0x01000193)
  return (hash ^ (hash >>> 15)) & (SLOTS - 1)
}
