import { MAIN } from './counters.ts'

/** What to count when a connection closes: the reason's own counter, and whether it is an error (sess_closed_err). */
export interface CloseAccount {
  readonly counter: number
  readonly error: boolean
}

export const CLOSE_REASONS = {
  REM_CLOSE: { counter: MAIN.sc_rem_close, error: false },
  REQ_CLOSE: { counter: MAIN.sc_req_close, error: false },
  REQ_HTTP10: { counter: MAIN.sc_req_http10, error: true },
  RX_BAD: { counter: MAIN.sc_rx_bad, error: true },
  RX_BODY: { counter: MAIN.sc_rx_body, error: true },
  RX_JUNK: { counter: MAIN.sc_rx_junk, error: true },
  RX_OVERFLOW: { counter: MAIN.sc_rx_overflow, error: true },
  RX_TIMEOUT: { counter: MAIN.sc_rx_timeout, error: true },
  RX_CLOSE_IDLE: { counter: MAIN.sc_rx_close_idle, error: false },
  TX_PIPE: { counter: MAIN.sc_tx_pipe, error: false },
  TX_ERROR: { counter: MAIN.sc_tx_error, error: true },
  TX_EOF: { counter: MAIN.sc_tx_eof, error: false },
  RESP_CLOSE: { counter: MAIN.sc_resp_close, error: false },
  OVERLOAD: { counter: MAIN.sc_overload, error: true },
  VCL_FAILURE: { counter: MAIN.sc_vcl_failure, error: true },
  SHUTDOWN: { counter: MAIN.sc_shutdown, error: false },
} as const satisfies Record<string, CloseAccount>

/** Counts one closed connection. */
export function countClose(values: Float64Array, reason: keyof typeof CLOSE_REASONS): void {
  const account = CLOSE_REASONS[reason]
  values[account.counter]++
  values[MAIN.sess_closed]++
  if (account.error) values[MAIN.sess_closed_err]++
}
