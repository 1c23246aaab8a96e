import { own } from '../../base/own.ts'
import type { Attribute, AttributeValue, BackendDeclarationNode, Place } from '../ast.ts'
import type { BackendDeclaration } from '../runtime/context.ts'
import type { Checking } from './checking.ts'
import { checkDigits } from './digits.ts'
import { probeOf } from './probes.ts'

type Draft = { -readonly [P in keyof BackendDeclaration]: BackendDeclaration[P] }
type Reader = (k: Checking, value: AttributeValue, draft: Draft) => void

/** Reads a STRING attribute. */
export function textOf(k: Checking, value: AttributeValue): string | undefined {
  return value.kind === 'string' ? value.value : k.error(value.at, 'expected a STRING', 'in quotes: "…"')
}

export function wholeOf(k: Checking, value: AttributeValue): number | undefined {
  if (value.kind !== 'int') return k.error(value.at, 'expected an INT')
  return checkDigits(k, value) ? value.value : undefined
}

export function secondsOf(k: Checking, value: AttributeValue): number | undefined {
  if (value.kind !== 'duration') return k.error(value.at, 'expected a DURATION', 'with a unit: 10s, 500ms')
  return checkDigits(k, value) ? value.seconds : undefined
}

export function boolOf(k: Checking, value: AttributeValue): boolean | undefined {
  const word = value.kind === 'symbol' ? value.text.toLowerCase() : ''
  return word === 'true' || word === 'false' ? word === 'true' : k.error(value.at, 'expected true or false')
}

function blobOf(k: Checking, value: AttributeValue): string | undefined {
  return value.kind === 'blob' ? value.base64 : k.error(value.at, 'expected a BLOB', 'base64 between colons: :aGVsbG8=:')
}

/** It may be declared further down: whether it will do is seen in the end (via.ts). */
function viaName(k: Checking, value: AttributeValue): string | undefined {
  const backend = value.kind === 'symbol' ? k.find(value.text) : undefined
  if (backend?.kind !== 'backend') return k.error(value.at, 'expected the name of a backend')
  if (backend.node.none) return k.error(value.at, `backend ${backend.name} has no address`)
  backend.used = true
  return backend.name
}

/** Every attribute of a backend; `.tls` is Lacquer's own. */
export const ATTRIBUTES: Readonly<Record<string, Reader>> = {
  host: (k, value, draft) => (draft.host = textOf(k, value)),
  port: (k, value, draft) => (draft.port = portOf(k, value)),
  path: (k, value, draft) => (draft.path = socketPath(k, value)),
  host_header: (k, value, draft) => (draft.host_header = textOf(k, value)),
  connect_timeout: (k, value, draft) => (draft.connect_timeout_s = secondsOf(k, value)),
  first_byte_timeout: (k, value, draft) => (draft.first_byte_timeout_s = secondsOf(k, value)),
  between_bytes_timeout: (k, value, draft) => (draft.between_bytes_timeout_s = secondsOf(k, value)),
  max_connections: (k, value, draft) => (draft.max_connections = wholeOf(k, value)),
  proxy_header: (k, value, draft) => (draft.proxy_header = proxyVersion(k, value)),
  tls: (k, value, draft) => (draft.tls = boolOf(k, value) ?? false),
  probe: (k, value, draft) => (draft.probe = probeOf(k, value)),
  preamble: (k, value, draft) => (draft.preamble = blobOf(k, value)),
  via: (k, value, draft) => (draft.via = viaName(k, value)),
  authority: (k, value, draft) => (draft.authority = textOf(k, value)),
  wait_timeout: (k, value, draft) => (draft.wait_timeout_s = secondsOf(k, value)),
  wait_limit: (k, value, draft) => (draft.wait_limit = wholeOf(k, value)),
}

function proxyVersion(k: Checking, value: AttributeValue): number | undefined {
  const version = wholeOf(k, value)
  return version === undefined || version === 1 || version === 2 ? version : k.error(value.at, 'the PROXY protocol has versions 1 and 2')
}

const SERVICES: Readonly<Record<string, string>> = { http: '80', https: '443', 'http-alt': '8080' }

function portNumber(text: string): string | undefined {
  const port = own(SERVICES, text) ?? text
  // 0 is what files have for a backend that is not to be reached.
  return /^[0-9]{1,5}$/.test(port) && Number(port) < 65536 ? port : undefined
}

function portOf(k: Checking, value: AttributeValue): string | undefined {
  const text = textOf(k, value)
  // As not given.
  if (text === undefined || text === '') return undefined
  return portNumber(text) ?? k.error(value.at, `'${text}' is not a port`)
}

/** Syntax 4.1: an absolute path that fits sun_path. */
function socketPath(k: Checking, value: AttributeValue): string | undefined {
  if (k.options.syntax === 40) return k.error(value.at, '.path needs vcl 4.1')
  const path = textOf(k, value)
  if (path === undefined) return undefined
  if (!path.startsWith('/') && !path.startsWith('@'))
    return k.error(value.at, '.path is an absolute path, or @ and the name of an abstract socket')
  return path.length > 107 ? k.error(value.at, 'the path of a unix socket has at most 107 bytes') : path
}

export const BACKEND_ATTRIBUTES = Object.keys(ATTRIBUTES)

export function checkBackend(k: Checking, node: BackendDeclarationNode): BackendDeclaration {
  const draft: Draft = {
    name: node.name.text,
    none: node.none,
    host: undefined,
    port: undefined,
    path: undefined,
    host_header: undefined,
    connect_timeout_s: undefined,
    first_byte_timeout_s: undefined,
    between_bytes_timeout_s: undefined,
    max_connections: undefined,
    preamble: undefined,
    via: undefined,
    authority: undefined,
    wait_limit: undefined,
    wait_timeout_s: undefined,
    proxy_header: undefined,
    probe: undefined,
    tls: false,
  }
  readAttributes(k, node.attributes, ATTRIBUTES, draft)
  if (!node.none) finishAddress(k, node, draft)
  return draft
}

/** Calls the reader of each attribute; unknown and repeated ones are errors. */
export function readAttributes<D>(
  k: Checking,
  attributes: readonly Attribute[],
  readers: Readonly<Record<string, (k: Checking, value: AttributeValue, draft: D) => void>>,
  draft: D,
): void {
  const seen = new Set<string>()
  for (const { name, value } of attributes) {
    if (!Object.hasOwn(readers, name.text)) k.unknown(name.at, `unknown attribute '.${name.text}'`, name.text, Object.keys(readers))
    else if (seen.has(name.text)) k.error(name.at, `.${name.text} is given twice`)
    else readers[name.text](k, value, draft)
    seen.add(name.text)
  }
}

function finishAddress(k: Checking, node: BackendDeclarationNode, draft: Draft): void {
  const has = (name: string) => node.attributes.some((attribute) => attribute.name.text === name)
  if (has('host') && has('path')) return k.error(node.name.at, `backend ${draft.name} has both .host and .path`)
  if (!has('host') && !has('path') && k.mayBeUsed('host')) return undefined
  if (!has('host') && !has('path')) return k.error(node.name.at, `backend ${draft.name} needs .host or .path`)
  if (draft.host === undefined) return undefined
  const host = node.attributes.find((attribute) => attribute.name.text === 'host')!
  splitHost(k, draft, draft.host, host.value.at, has('port'))
  draft.port ??= draft.tls ? '443' : '80'
}

/** `.host` may hold "h:port", "h port" and "[v6]:port"; a bare IPv6 address has no port. */
function splitHost(k: Checking, draft: Draft, host: string, at: Place, hasPort: boolean): void {
  const parts = /^\[([0-9a-fA-F:.]+)\](?:[: ](.*))?$/.exec(host) ?? /^([^: ]*)(?:[: ]([^:]*))?$/.exec(host)
  if (host.includes('://'))
    return k.error(at, '.host is a name or an address, not a URL', 'for an https origin: .host = "name"; .tls = true;')
  const name = parts === null ? host : parts[1]
  if (!/^[0-9A-Za-z_.:-]+$/.test(name) || name.length > 253) return k.error(at, `'${host}' is not a host`)
  draft.host = name
  if (parts?.[2] === undefined) return undefined
  if (hasPort) return k.error(at, '.host has a port already')
  draft.port = portNumber(parts[2]) ?? k.error(at, `'${parts[2]}' is not a port`)
}
