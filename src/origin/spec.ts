import type { BackendDeclaration } from '../vcl/runtime/context.ts'
import type { BackendSpec } from './contract.ts'

/** Seconds of a declaration to the ms of this folder; the checker has made a number of a service name. */
export function backendSpec(declared: BackendDeclaration): BackendSpec {
  const { through } = declared
  const port = declared.port === undefined ? (declared.tls ? 443 : 80) : Number(declared.port)
  return {
    name: declared.name,
    host: declared.host,
    port,
    path: declared.path,
    tls: declared.tls,
    host_header: declared.host_header,
    connect_timeout_ms: inMs(declared.connect_timeout_s),
    first_byte_timeout_ms: inMs(declared.first_byte_timeout_s),
    between_bytes_timeout_ms: inMs(declared.between_bytes_timeout_s),
    max_connections: declared.max_connections ?? 0,
    preamble: declared.preamble === undefined ? undefined : Buffer.from(declared.preamble, 'base64'),
    via: through && { host: through.host, port: Number(through.port ?? 80), path: through.path },
    authority: declared.authority,
    wait_limit: declared.wait_limit,
    wait_timeout_ms: inMs(declared.wait_timeout_s),
    proxy_header: declared.proxy_header === 1 ? 1 : declared.proxy_header === 2 ? 2 : 0,
    none: declared.none,
  }
}

function inMs(seconds: number | undefined): number | undefined {
  return seconds === undefined ? undefined : seconds * 1000
}
