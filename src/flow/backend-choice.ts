import type { ParameterValues } from '../config/parameters.ts'
import type { Backend, BackendSpec, OriginTimeouts } from '../origin/contract.ts'
import type { CommonContext, VclBackend } from '../vcl/runtime/context.ts'

/** Rules handle backends as names with health; those the worker made for them are origin/'s. */
function asBackend(backend: VclBackend | undefined): Backend | undefined {
  return backend !== undefined && 'spec' in backend ? (backend as Backend) : undefined
}

/** A backend with an address, or why there is none. A director chooses anew for each fetch. */
export function chooseBackend(c: CommonContext, asked: VclBackend | undefined): Backend | string {
  const chosen = asked?.choose === undefined ? asked : asked.choose(c)
  return asBackend(chosen) ?? (asked?.choose === undefined ? 'No backend' : `Director ${asked.name} returned no backend`)
}

/** What rules have made of req.backend_hint, and where they have not touched it, the default. */
export function hinted(hint: VclBackend | null | undefined, fallback: VclBackend): VclBackend | undefined {
  return hint === undefined ? fallback : (hint ?? undefined)
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
