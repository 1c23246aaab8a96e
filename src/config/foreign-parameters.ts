import { own } from '../base/own.ts'

/**
 * Parameters of varnishd that are none of ours: there are no thread pools, workspaces or C compiler to be tuned. Scripts that set them are
 * answered as if it had been done, where they believe to talk to varnishd (--varnishd).
 */
const FOREIGN: ReadonlySet<string> = new Set(
  `acceptor_sleep_decay acceptor_sleep_incr acceptor_sleep_max auto_restart cc_command cc_warnings cli_timeout clock_step
  critbit_cooloff experimental fetch_chunksize fetch_maxchunksize h2_header_table_size h2_initial_window_size
  h2_max_concurrent_streams h2_max_frame_size h2_max_header_list_size h2_rapid_reset h2_rapid_reset_limit h2_rapid_reset_period
  h2_rx_window_increment h2_rx_window_low_water h2_rxbuf_storage h2_window_timeout http1_iovs lru_interval max_vcl max_vcl_handling
  nuke_limit pcre2_jit_compilation ping_interval pipe_sess_max pool_req pool_sess pool_vbo rush_exponent shortlived
  sigsegv_handler startup_timeout syslog_cli_traffic tcp_fastopen tcp_keepalive_intvl tcp_keepalive_probes tcp_keepalive_time
  thread_pool_add_delay thread_pool_destroy_delay thread_pool_fail_delay thread_pool_max thread_pool_min thread_pool_reserve
  thread_pool_stack thread_pool_timeout thread_pool_track thread_pool_watchdog thread_pools thread_queue_limit thread_stats_rate
  vary_notice vcc_acl_pedantic vcc_allow_inline_c vcc_feature vcc_unsafe_path vmod_path vsm_free_cooldown
  workspace_backend workspace_client workspace_session workspace_thread`.split(/\s+/),
)

export function isForeign(name: string): boolean {
  return FOREIGN.has(name)
}

/** Words of varnishd's parameters of switches that are none here. */
const FOREIGN_SWITCHES: Readonly<Record<string, ReadonlySet<string>>> = {
  feature: new Set('http2 short_panic no_coredump https_scheme http_date_postel wait_silo vcl_req_reset busy_stats_rate trace'.split(' ')),
  debug: new Set(
    `req_state workspace waitinglist hashedge vclrel lurker esi_chop flush_head vtc_mode witness vsm_keep slow_acceptor h2_nocheck
    vmod_so_keep processors protocol vcl_keep lck`.split(/\s+/),
  ),
}

/** A value without them; undefined when nothing is left. */
export function ownSwitches(name: string, value: string): string | undefined {
  const foreign = own(FOREIGN_SWITCHES, name)
  if (foreign === undefined) return value
  const words = value.split(',').filter((word) => !foreign.has(word.trim().replace(/^[+-]/, '')))
  return words.length === 0 ? undefined : words.join(',')
}
