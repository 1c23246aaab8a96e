import type { Fields } from '../http/fields.ts'
import { isToken } from '../http/list.ts'
import { deltaSeconds_ms, DirectiveScanner } from './scan.ts'

/** A duration that was not stated. */
export const ABSENT = -1

/** Cache-Control of a response, or a field in its place: RFC 9111 section 5.2.2, RFC 5861, RFC 8246, RFC 9213. Durations are ABSENT when not stated. */
export interface ResponseDirectives {
  /** -1 absent; 0 also when the value is invalid: section 4.2.1 wants such a response to count as stale. */
  max_age_ms: number
  s_maxage_ms: number
  stale_while_revalidate_ms: number
  stale_if_error_ms: number
  no_store: boolean
  /** Without a field list. */
  no_cache: boolean
  private: boolean
  public: boolean
  must_revalidate: boolean
  proxy_revalidate: boolean
  must_understand: boolean
  no_transform: boolean
  immutable: boolean
  /** Lower-case names listed by no-cache="..." and private="...": not for the store. */
  unshared: readonly string[]
  /** A targeted field said it: Expires is not heard (RFC 9213 section 2.2). */
  targeted: boolean
}

/** Cache-Control of a request, section 5.2.1 and RFC 5861 section 4. */
export interface RequestDirectives {
  max_age_ms: number
  min_fresh_ms: number
  /** Infinity when given without a value. */
  max_stale_ms: number
  stale_if_error_ms: number
  no_cache: boolean
  no_store: boolean
  only_if_cached: boolean
}

const NO_NAMES: readonly string[] = Object.freeze([])

export function emptyResponse(): ResponseDirectives {
  return {
    max_age_ms: ABSENT,
    s_maxage_ms: ABSENT,
    stale_while_revalidate_ms: ABSENT,
    stale_if_error_ms: ABSENT,
    no_store: false,
    no_cache: false,
    private: false,
    public: false,
    must_revalidate: false,
    proxy_revalidate: false,
    must_understand: false,
    no_transform: false,
    immutable: false,
    unshared: NO_NAMES,
    targeted: false,
  }
}

function emptyRequest(): RequestDirectives {
  return {
    max_age_ms: ABSENT,
    min_fresh_ms: ABSENT,
    max_stale_ms: ABSENT,
    stale_if_error_ms: ABSENT,
    no_cache: false,
    no_store: false,
    only_if_cached: false,
  }
}

/** What a response without Cache-Control says. */
export const NO_RESPONSE_DIRECTIVES: Readonly<ResponseDirectives> = Object.freeze(emptyResponse())
/** What a request without Cache-Control says; shared, so that a plain hit makes nothing. */
export const NO_DIRECTIVES: Readonly<RequestDirectives> = Object.freeze(emptyRequest())

const scanner = new DirectiveScanner()

/** The scanner's argument as a duration, or -1 when it is missing or malformed. */
function duration_ms(): number {
  return scanner.valid && scanner.argument !== undefined ? deltaSeconds_ms(scanner.argument) : -1
}

/** A lifetime: the first occurrence counts, and an invalid one means stale (section 4.2.1). */
function lifetime(current_ms: number): number {
  return current_ms === ABSENT ? Math.max(0, duration_ms()) : current_ms
}

/** A permission: the first valid occurrence counts, an invalid one permits nothing. */
function permission(current_ms: number): number {
  return current_ms === ABSENT ? duration_ms() : current_ms
}

const MAX_LISTED_NAMES = 64

/** Field names of a qualified directive; undefined when it is unqualified, or so odd that it must count as unqualified. */
function listedNames(): string[] | undefined {
  return scanner.argument === undefined || !scanner.valid ? undefined : listedIn(scanner.argument)
}

/** The names of a list in lower case, or undefined when there are none, or too many. */
export function listedIn(argument: string): string[] | undefined {
  const names: string[] = []
  for (const member of argument.split(',', MAX_LISTED_NAMES + 1)) {
    const name = member.trim().toLowerCase()
    if (name !== '') names.push(name)
  }
  return names.length === 0 || names.length > MAX_LISTED_NAMES ? undefined : names
}

/** Somebody who writes `private="*"` means everything. */
function isName(text: string): boolean {
  return text !== '*' && isToken(text)
}

/** Without them nobody could say of the stored response to whom it may be given, or for how long. */
const INSEPARABLE: ReadonlySet<string> = new Set(['cache-control', 'vary', 'age', 'date', 'expires'])

/**
 * no-cache and private: the listed names join `unshared`; true when the directive holds for the whole response, as it also does
 * when a listed field cannot be left out.
 */
function qualified(into: ResponseDirectives): boolean {
  const names = listedNames()
  if (!names || names.some((name) => INSEPARABLE.has(name) || !isName(name))) return true
  into.unshared = [...into.unshared, ...names].slice(0, MAX_LISTED_NAMES)
  return false
}

function applyToResponse(into: ResponseDirectives): void {
  switch (scanner.name) {
    case 'max-age':
      into.max_age_ms = lifetime(into.max_age_ms)
      break
    case 's-maxage':
      into.s_maxage_ms = lifetime(into.s_maxage_ms)
      break
    case 'stale-while-revalidate':
      into.stale_while_revalidate_ms = permission(into.stale_while_revalidate_ms)
      break
    case 'stale-if-error':
      into.stale_if_error_ms = permission(into.stale_if_error_ms)
      break
    case 'no-cache':
      if (qualified(into)) into.no_cache = true
      break
    case 'private':
      if (qualified(into)) into.private = true
      break
    default:
      applyFlag(into)
  }
}

/** What may be a directive may forbid, and permits nothing. */
function applyDoubtful(into: ResponseDirectives): void {
  switch (scanner.name) {
    case 'no-store':
      into.no_store = true
      break
    case 'no-cache':
      into.no_cache = true
      break
    case 'private':
      into.private = true
      break
  }
}

/** Directives without argument; one that has an argument all the same is honoured (section 5.2.3 asks for leniency). */
function applyFlag(into: ResponseDirectives): void {
  switch (scanner.name) {
    case 'no-store':
      into.no_store = true
      break
    case 'public':
      into.public = true
      break
    case 'must-revalidate':
      into.must_revalidate = true
      break
    case 'proxy-revalidate':
      into.proxy_revalidate = true
      break
    case 'must-understand':
      into.must_understand = true
      break
    case 'no-transform':
      into.no_transform = true
      break
    case 'immutable':
      into.immutable = true
      break
  }
}

const REMEMBERED_MAX = 256
const REMEMBERED_CHARS_MAX = 256
/** An origin says the same again and again, and each response is asked several times. When full, all is forgotten at once. */
const remembered = new Map<string, Readonly<ResponseDirectives>>()

/** Section 5.2.2: all Cache-Control lines of a response together. Pragma means nothing in a response (section 5.4). */
export function parseResponseDirectives(fields: Fields): Readonly<ResponseDirectives> {
  let i = fields.indexOf('cache-control', 0)
  if (i < 0) return NO_RESPONSE_DIRECTIVES
  if (fields.indexOf('cache-control', i + 1) < 0) return remembered.get(fields.values[i]) ?? remember(fields.values[i])
  const directives = emptyResponse()
  for (; i >= 0; i = fields.indexOf('cache-control', i + 1)) parseResponseValue(directives, fields.values[i])
  return directives
}

function parseResponseValue(into: ResponseDirectives, value: string): ResponseDirectives {
  scanner.start(value)
  while (scanner.next()) {
    if (scanner.doubtful) applyDoubtful(into)
    else applyToResponse(into)
  }
  return into
}

function remember(value: string): Readonly<ResponseDirectives> {
  const directives = parseResponseValue(emptyResponse(), value)
  if (value.length > REMEMBERED_CHARS_MAX) return directives
  if (remembered.size >= REMEMBERED_MAX) remembered.clear()
  remembered.set(value, directives)
  return directives
}

function applyToRequest(into: RequestDirectives): void {
  switch (scanner.name) {
    case 'max-age':
      into.max_age_ms = lifetime(into.max_age_ms)
      break
    case 'min-fresh':
      into.min_fresh_ms = permission(into.min_fresh_ms)
      break
    case 'max-stale':
      if (into.max_stale_ms === ABSENT) into.max_stale_ms = scanner.argument === undefined ? Infinity : duration_ms()
      break
    case 'stale-if-error':
      into.stale_if_error_ms = permission(into.stale_if_error_ms)
      break
    case 'no-cache':
      into.no_cache = true
      break
    case 'no-store':
      into.no_store = true
      break
    case 'only-if-cached':
      into.only_if_cached = true
      break
  }
}

function parseRequestValue(into: RequestDirectives, value: string): RequestDirectives {
  scanner.start(value)
  while (scanner.next()) applyToRequest(into)
  return into
}

/** What browsers send on reload: parsed once, so that such a request makes nothing. */
const COMMON = new Map<string, Readonly<RequestDirectives>>(
  ['no-cache', 'max-age=0', 'no-store', 'no-cache, no-store', 'no-store, no-cache', 'only-if-cached', 'no-transform'].map((value) => [
    value,
    Object.freeze(parseRequestValue(emptyRequest(), value)),
  ]),
)

/**
 * Section 5.2.1. Pragma is not read: section 5.4 deprecates it, and what `Pragma: no-cache` asks for, every client that
 * means it has said in Cache-Control for decades.
 */
export function parseRequestDirectives(fields: Fields): Readonly<RequestDirectives> {
  let i = fields.indexOf('cache-control', 0)
  if (i < 0) return NO_DIRECTIVES
  const more = fields.indexOf('cache-control', i + 1)
  const common = more < 0 ? COMMON.get(fields.values[i]) : undefined
  if (common) return common
  const directives = emptyRequest()
  for (; i >= 0; i = fields.indexOf('cache-control', i + 1)) parseRequestValue(directives, fields.values[i])
  return directives
}
