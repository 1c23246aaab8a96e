import type { ParameterValues } from '../config/parameters.ts'
import type { Backend, BackendSpec, OriginTimeouts } from '../origin/contract.ts'
import type { VclBackend } from '../vcl/runtime/context.ts'

/** Rules handle backends as names with health; those the worker made for them are origin/'s. */
export function asBackend(backend: VclBackend | undefined): Backend | undefined {
  return backend !== undefined && 'spec' in backend && 'resolve' in backend ? (backend as Backend) : undefined
}

/** What holds: bereq.* where rules set it (not NaN), else the backend's own, else the parameter. */
export function timeoutsFor(
  spec: BackendSpec,
  params: ParameterValues,
  connect_s: number,
  first_byte_s: number,
  between_bytes_s: number,
): OriginTimeouts {
  return {
    connect_ms: chosen(connect_s, spec.connect_timeout_ms, params.connect_timeout),
    first_byte_ms: chosen(first_byte_s, spec.first_byte_timeout_ms, params.first_byte_timeout),
    between_bytes_ms: chosen(between_bytes_s, spec.between_bytes_timeout_ms, params.between_bytes_timeout),
  }
}

/** 0 is no limit. */
function chosen(rules_s: number, backend_ms: number | undefined, parameter_s: number): number {
  const timeout_ms = Number.isNaN(rules_s) ? (backend_ms ?? parameter_s * 1000) : rules_s * 1000
  return timeout_ms > 0 ? timeout_ms : Infinity
}
