import type { Clock } from '../base/clock.ts'
import type { Traffic } from './contract.ts'
import type { NameSources } from './resolve.ts'
import type { FailureCause, HolddownParameters } from './holddown.ts'

/** The parameters this station reads, under their own names (durations in seconds). Read anew for each fetch or connection. */
export interface OriginParameters extends HolddownParameters {
  readonly backend_wait_limit: number
  readonly backend_wait_timeout: number
  readonly connect_timeout: number
  readonly first_byte_timeout: number
  readonly between_bytes_timeout: number
  readonly backend_idle_timeout: number
  readonly http_resp_size: number
  readonly http_resp_hdr_len: number
  readonly http_max_hdr: number
  readonly prefer_ipv6: boolean
}

/** Counters of Varnish's MAIN table that are counted here. */
export type OriginCounter =
  | 'backend_conn' // connections made
  | 'backend_unhealthy' // fetches refused: the backend is sick
  | 'backend_busy' // fetches refused: max_connections reached
  | 'backend_wait' // fetches that waited for a connection
  | 'backend_wait_fail' // in vain
  | 'backend_fail' // connections that failed
  | 'backend_reuse' // requests sent on a pooled connection
  | 'backend_recycle' // connections given back to the pool
  | 'backend_retry' // safe requests repeated after a stale connection
  | 'backend_req' // requests sent

export interface OriginObserver {
  count(counter: OriginCounter): void
  /** Why a connection could not be made. */
  failed?(cause: FailureCause): void
  /** Fetches and pipes under way have become so many more. */
  running?(change: 1 | -1): void
  /** A response had more field lines than http_max_hdr. */
  lostLines?(): void
  /** A fetch is over. */
  fetched?(traffic: Traffic): void
  /** A pipe is over: bytes of the request that began it, then those that went to the backend, and came from it. */
  piped?(head_bytes: number, to_bytes: number, from_bytes: number): void
}

export interface OriginOptions {
  readonly clock: Clock
  readonly parameters: OriginParameters
  /** Whoever counts for this backend. */
  readonly observe?: (backend: string) => OriginObserver
  /** Verify certificates of TLS origins (default true). */
  readonly tls_verify?: boolean
  /** Additional trust anchors for TLS origins, PEM. */
  readonly tls_ca?: string
  /** Where names are looked up, if not by the system's means. */
  readonly names?: NameSources
}
