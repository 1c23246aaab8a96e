import type { Busy } from '../cache/busy.ts'
import type { OutgoingBody } from '../origin/contract.ts'
import type { RequestDirectives } from '../policy/directives.ts'
import type { StoredObject } from '../store/contract.ts'
import type { FetchOwner } from './recipients.ts'

export type FetchKind = 'fetch' | 'pass' | 'bgfetch'

export interface FetchSetup {
  readonly kind: FetchKind
  readonly parent_xid: number
  readonly busy: Busy | undefined
  /** A stale object, to validate or to fall back on. */
  readonly stale: StoredObject | undefined
  /** Stored for other requests for the same URL: the origin may say that one of them will do. */
  readonly others: readonly StoredObject[]
  /** The client's Cache-Control. */
  readonly asked: Readonly<RequestDirectives>
  readonly body: (OutgoingBody & { readonly started: boolean }) | undefined
  readonly owner: FetchOwner | undefined
  /** Of a pass: the response may be stored for other requests, if the policy lets it. */
  readonly storable: boolean
}
