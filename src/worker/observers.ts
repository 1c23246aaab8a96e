import { codeOf } from '../base/errors.ts'
import type { BanObserver } from '../cache/bans/bans.ts'
import type { CacheObserver } from '../cache/lookup.ts'
import { countClose } from '../counters/close-reasons.ts'
import { MAIN, VBE, type CounterValues } from '../counters/counters.ts'
import type { Ip } from '../base/ip.ts'
import type { Clock } from '../base/clock.ts'
import type { CloseReason } from '../flow/client.ts'
import type { OperationsLog } from '../flow/environment.ts'
import { TOO_MANY_LINES, type Refusal } from '../http/parse.ts'
import type { ConnectionObserver, Session } from '../listen/observer.ts'
import { refusalHead, refusalResponse } from '../listen/refusal.ts'
import { TAG } from '../log/tags.ts'
import type { LogWriter } from '../log/writer.ts'
import type { Traffic } from '../origin/contract.ts'
import type { FailureCause } from '../origin/holddown.ts'
import type { OriginCounter, OriginObserver } from '../origin/options.ts'

/** Sessions in counters and log. */
export class SessionObserver implements ConnectionObserver {
  private readonly counters: Float64Array
  private readonly log: LogWriter
  private readonly clock: Clock
  private readonly operations: OperationsLog

  constructor(counters: Float64Array, log: LogWriter, clock: Clock, operations: OperationsLog) {
    this.counters = counters
    this.log = log
    this.clock = clock
    this.operations = operations
  }

  opened({ facts, opened_ms }: Session): void {
    this.counters[MAIN.sess_conn]++
    this.counters[MAIN.sess_open]++
    this.counters[MAIN.s_sess]++
    const log = this.log.reopen(facts.xid, 'client')
    log.begin('sess', 0, 'HTTP/1')
    const opened_s = (opened_ms / 1000).toFixed(6)
    log.record(
      TAG.SessOpen,
      `${spaced(facts.remote_ip)} ${facts.socket_name} ${spaced(facts.local_ip)} ${opened_s} ${Math.max(0, facts.socket_fd)}`,
    )
    log.close()
  }

  proxied({ facts }: Session): void {
    const log = this.log.reopen(facts.xid, 'client')
    log.record(TAG.Proxy, `${spaced(facts.client_ip)} ${spaced(facts.server_ip)}`)
    log.close()
  }

  closed({ facts, opened_ms }: Session, reason: CloseReason): void {
    this.counters[MAIN.sess_open]--
    countClose(this.counters, reason)
    const log = this.log.reopen(facts.xid, 'client')
    log.record(TAG.SessClose, `${reason} ${((this.clock.wall_ms - opened_ms) / 1000).toFixed(3)}`)
    log.end()
  }

  pipelined(): void {
    this.counters[MAIN.sess_readahead]++
  }

  refused(session: Session, refusal: Refusal, head: Buffer): void {
    this.counters[refusal.status === 417 ? MAIN.client_req_417 : MAIN.client_req_400]++
    if (refusal.reason === TOO_MANY_LINES) this.counters[MAIN.losthdr]++
    const { wall_ms } = this.clock
    const log = this.log.open(this.log.nextXid(), 'client')
    log.beginRequest(session.facts.xid, wall_ms)
    log.record(isOfFields(refusal) ? TAG.BogoHeader : TAG.Error, refusal.reason)
    log.record(TAG.HttpGarbage, head.toString('latin1', 0, Math.min(head.length, 1024)))
    log.respHead(refusalHead(refusal, wall_ms))
    log.account(TAG.ReqAcct, head.length, 0, refusalResponse(refusal, wall_ms).length, 0)
    log.end()
  }

  proxyRefused(session: Session, reason: string): void {
    this.counters[MAIN.sess_proxy_err]++
    this.log.event(TAG.ProxyGarbage, `${session.facts.remote_ip.text} ${reason}`)
  }

  dropped(): void {
    this.counters[MAIN.sess_dropped]++
  }

  acceptFailed(socket_name: string, error: Error): void {
    this.counters[MAIN.sess_fail]++
    this.counters[OF_ACCEPT[codeOf(error) ?? ''] ?? MAIN.sess_fail_other]++
    const { errno = 0 } = error as NodeJS.ErrnoException
    // There is no connection: no addresses, and no descriptor.
    this.log.event(TAG.SessError, `${socket_name} 0.0.0.0 0 -1 ${Math.abs(errno)} "${error.message}"`)
    this.operations.warn(`accept on ${socket_name} failed: ${error.message}`)
  }

  failed(session: Session, error: unknown): void {
    this.counters[MAIN.client_resp_500]++
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
    this.operations.error(`request of session ${session.facts.xid} failed: ${text}`)
  }
}

/** Is the request line in order, and a field line not? */
function isOfFields({ status, close }: Refusal): boolean {
  return status === 431 || (status === 400 && close === 'RX_BAD')
}

function spaced({ text, port }: Ip): string {
  return `${text} ${port}`
}

const OF_ACCEPT: { readonly [code: string]: number } = {
  ECONNABORTED: MAIN.sess_fail_econnaborted,
  EMFILE: MAIN.sess_fail_emfile,
  ENFILE: MAIN.sess_fail_emfile,
  ENOMEM: MAIN.sess_fail_enomem,
  ENOBUFS: MAIN.sess_fail_enomem,
}

const OF_BACKEND: { readonly [C in OriginCounter]?: number } = {
  backend_unhealthy: VBE.unhealthy,
  backend_busy: VBE.busy,
  backend_req: VBE.req,
}

const OF_CAUSE: { readonly [C in FailureCause]: number } = {
  fail_eacces: VBE.fail_eacces,
  fail_eaddrnotavail: VBE.fail_eaddrnotavail,
  fail_econnrefused: VBE.fail_econnrefused,
  fail_enetunreach: VBE.fail_enetunreach,
  fail_etimedout: VBE.fail_etimedout,
  fail_other: VBE.fail_other,
  helddown: VBE.helddown,
}

/** Counts for one backend: in MAIN, and in the backend's own block. */
export function originObserver(main: CounterValues, vbe: CounterValues): OriginObserver {
  return {
    count(counter: OriginCounter): void {
      main[MAIN[counter]]++
      const own = OF_BACKEND[counter]
      if (own !== undefined) vbe[own]++
    },
    failed(cause: FailureCause): void {
      vbe[OF_CAUSE[cause]]++
      if (cause !== 'helddown') vbe[VBE.fail]++
    },
    running(change: 1 | -1): void {
      vbe[VBE.conn] += change
    },
    lostLines(): void {
      main[MAIN.losthdr]++
    },
    fetched({ sent_head_bytes, sent_body_bytes, received_head_bytes, received_body_bytes }: Traffic): void {
      vbe[VBE.bereq_hdrbytes] += sent_head_bytes
      vbe[VBE.bereq_bodybytes] += sent_body_bytes
      vbe[VBE.beresp_hdrbytes] += received_head_bytes
      vbe[VBE.beresp_bodybytes] += received_body_bytes
    },
    piped(head_bytes: number, to_bytes: number, from_bytes: number): void {
      vbe[VBE.pipe_hdrbytes] += head_bytes
      vbe[VBE.pipe_out] += to_bytes
      vbe[VBE.pipe_in] += from_bytes
    },
  }
}

export function banObserver(counters: Float64Array): BanObserver {
  return {
    added: (duplicates) => {
      counters[MAIN.bans_added]++
      counters[MAIN.bans_dups] += duplicates
    },
    tested: (bans, tests, banned) => {
      counters[MAIN.bans_tested] += bans
      counters[MAIN.bans_tests_tested] += tests
      if (banned) counters[MAIN.bans_obj_killed]++
    },
  }
}

export function cacheObserver(counters: Float64Array): CacheObserver {
  return {
    gaveUp: (waiters) => void (counters[MAIN.busy_timeout] += waiters),
  }
}
