import type { FetchBegun } from '../cache/begun.ts'
import type { RequestHead } from '../http/message.ts'
import type { InitialAnswers } from '../policy/initial.ts'
import type { OriginCall } from '../origin/contract.ts'
import { NO_TRAFFIC } from '../origin/meter.ts'
import type { StoredObject } from '../store/contract.ts'
import { OBJ_ESI, OBJ_RECODED } from '../policy/flags.ts'
import type { LoadedVcl } from '../vcl/runtime/context.ts'
import { BackendState, type FetchOrigin } from './backend-state.ts'
import type { Environment } from './environment.ts'
import type { FilteredUpload } from './filters/upload.ts'
import type { FetchKind, FetchSetup } from './fetch-setup.ts'
import type { Intake } from './intake.ts'
import { PartialFetch } from './partial-fetch.ts'
import { Recipients } from './recipients.ts'
import { placeOf, suitsToo } from './search.ts'
import { Stale } from './stale.ts'

/** What a fetch has at hand: `Fetch` is what it does with it. */
export abstract class FetchState extends BackendState implements FetchBegun {
  readonly kind: FetchKind
  readonly is_bgfetch: boolean
  protected readonly setup: FetchSetup
  protected readonly recipients: Recipients
  protected call: OriginCall | undefined
  /** The body of the request, where it goes through filters. */
  protected upload: FilteredUpload | undefined
  protected readonly stale: Stale
  protected readonly partial: PartialFetch
  protected intake: Intake | undefined
  /** A 304 does not say that its response depends on Accept-Encoding. */
  protected vary_confirmed = true
  /** OBJ_CODING bits of the response. */
  protected coding_flags = 0
  protected object: StoredObject | undefined
  protected answers: InitialAnswers | undefined
  /** Its owner has been, or is being, told. */
  protected handedOut = false
  protected ended = false
  /** For its owner only, as far as is known. */
  protected private: boolean
  sent_ms = 0
  dated = false
  purges: number
  serial = this.env.cache.serial
  protected received_ms = 0
  protected traffic = NO_TRAFFIC

  constructor(env: Environment, vcl: LoadedVcl, key: string, from: FetchOrigin, setup: FetchSetup) {
    super(env, vcl, key, from)
    this.setup = setup
    this.kind = setup.kind
    this.is_bgfetch = setup.kind === 'bgfetch'
    this.purges = setup.busy?.purges ?? env.cache.purges(key)
    this.recipients = new Recipients(env.cache, setup.owner, setup.busy, this.forwarded)
    this.private = this.bereq_uncacheable = setup.kind === 'pass'
    this.forgetUncacheable()
    this.stale = new Stale(env, setup, this.bereq)
    this.partial = new PartialFetch(env, this.stale.object)
  }

  /** Where the response belongs, now that rules have had their say. */
  protected findPlace(): void {
    const { search } = this.from
    if (search !== undefined) this.place = placeOf(this.env, search, this.beresp, this.bereq_xid)
  }

  /** FetchBegun. */
  suits(req: RequestHead): boolean {
    return suitsToo(this.from.search, this.place, req)
  }

  /** Bytes of body to come: Content-Length of a response to HEAD is only an announcement. */
  protected get body_bytes(): number {
    if (this.bereq.method === 'HEAD') return 0
    return (this.coding_flags & (OBJ_RECODED | OBJ_ESI)) === 0 ? this.expected_bytes : -1
  }

  /** The stored object whose head the 304 has updated: its body is the response's. */
  protected get validated(): StoredObject | undefined {
    return this.beresp_was_304 ? this.stale.object : undefined
  }

  protected dropCall(): void {
    const { call } = this
    this.call = undefined
    this.upload?.drop()
    this.upload = undefined
    call?.abort()
  }
}
