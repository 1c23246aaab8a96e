import { COLON, IP_LITERAL, REG_NAME } from './bytes.ts'

/** What a request target that is not plain origin-form comes to: the url to go on with, and the host it names itself. */
export interface Target {
  url: string
  /** Replaces the Host field (RFC 9112 section 3.2.2); undefined when the target names none. */
  host: string | undefined
}

/**
 * Reads absolute-form, authority-form (CONNECT only) and asterisk-form (OPTIONS only), RFC 9112 section 3.2.
 * Undefined: the target is none of them, or not with this method. Never called for a target that starts with "/".
 */
export function readTarget(method: string, target: string): Target | undefined {
  if (method === 'CONNECT') return authorityForm(target)
  if (target === '*') return method === 'OPTIONS' ? { url: '*', host: undefined } : undefined
  return absoluteForm(method, target)
}

function authorityForm(target: string): Target | undefined {
  const colon = target.lastIndexOf(':')
  if (colon <= 0 || colon === target.length - 1 || !isAuthority(target)) return undefined
  return { url: target, host: undefined }
}

function absoluteForm(method: string, target: string): Target | undefined {
  const separator = target.indexOf('://')
  if (separator !== 4 && separator !== 5) return undefined
  const scheme = target.slice(0, separator).toLowerCase()
  if (scheme !== 'http' && scheme !== 'https') return undefined
  const host_start = separator + 3
  let host_end = host_start
  while (host_end < target.length && !endsAuthority(target.charCodeAt(host_end))) host_end++
  const host = target.slice(host_start, host_end)
  if (host === '' || !isAuthority(host)) return undefined
  const rest = target.slice(host_end)
  // RFC 9112 section 3.2.4: OPTIONS on the authority alone is what "*" means.
  if (rest === '') return { url: method === 'OPTIONS' ? '*' : '/', host }
  return { url: rest.startsWith('/') ? rest : '/' + rest, host }
}

/** "/" or "?" */
function endsAuthority(code: number): boolean {
  return code === 47 || code === 63
}

/**
 * Host [":" port] with a host in it, as the Host field and targets have it (RFC 9110 section 7.2): no userinfo, no zone id,
 * a port that fits in 16 bits. The empty string is not one; an empty Host field is legal and is the caller's case.
 */
export function isAuthority(text: string): boolean {
  const host_end = text.startsWith('[') ? literalEnd(text) : nameEnd(text)
  return host_end > 0 && isPort(text, host_end)
}

function nameEnd(text: string): number {
  let i = 0
  while (i < text.length && REG_NAME[text.charCodeAt(i)] === 1) i++
  return i
}

/** Index behind the "]" of "[...]", or 0. */
function literalEnd(text: string): number {
  let i = 1
  while (i < text.length && IP_LITERAL[text.charCodeAt(i)] === 1) i++
  return i > 1 && text.charCodeAt(i) === 93 ? i + 1 : 0
}

/** Nothing, ":" or ":" port from `from` to the end. The grammar allows an empty port. */
function isPort(text: string, from: number): boolean {
  if (from === text.length) return true
  if (text.charCodeAt(from) !== COLON || text.length - from > 6) return false
  let port = 0
  for (let i = from + 1; i < text.length; i++) {
    const digit = text.charCodeAt(i) - 48
    if (digit < 0 || digit > 9) return false
    port = port * 10 + digit
  }
  return port <= 65535
}
