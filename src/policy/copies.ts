import type { Fields } from '../http/fields.ts'
import { codingOf, mayRecode } from './coding.ts'
import { OBJ_BR, OBJ_CODING, OBJ_ESI, OBJ_GZIP, OBJ_IN_CODINGS, OBJ_PARTIAL, OBJ_ZSTD } from './flags.ts'
import type { Policy } from './policy.ts'
import { readWeighted } from './weights.ts'

/** Which of several codings of one body a client is to have (RFC 9110 section 12.5.3), and which responses are worth having them. */

/** Weights of the codings that an Accept-Encoding lists, UNLISTED for others; of identity only if it says so. */
interface Wishes {
  readonly br: number
  readonly zstd: number
  readonly gzip: number
  readonly identity: number
  /** Of "*": of all that are not listed. */
  readonly others: number
}

const UNLISTED = -1

/** By the field as it came: browsers send the same few. When full, all is forgotten at once. */
const remembered = new Map<string, Wishes>()
const MAX_REMEMBERED = 512
const MAX_REMEMBERED_CHARS = 128

/**
 * One of the `copies` (OBJ_BR, OBJ_ZSTD), or 0 for what is stored: what the client likes best; of equals br, then zstd. To Varnish "*" says
 * nothing, of gzip (`acceptsGzip`) as of these.
 */
export function preferredCopy(policy: Policy, list: string, copies: number, flags: number): number {
  const wishes = wishesIn(list)
  const { identity } = wishes
  const others = policy.decidesStorage ? wishes.others : 0
  const br = wishes.br === UNLISTED ? others : wishes.br
  const zstd = wishes.zstd === UNLISTED ? others : wishes.zstd
  const gzip = wishes.gzip === UNLISTED ? others : wishes.gzip
  let best = (flags & OBJ_GZIP) !== 0 && gzip > identity ? gzip : identity
  let chosen = 0
  if ((copies & OBJ_ZSTD) !== 0 && zstd > 0 && zstd >= best) {
    best = zstd
    chosen = OBJ_ZSTD
  }
  return (copies & OBJ_BR) !== 0 && br > 0 && br >= best ? OBJ_BR : chosen
}

function wishesIn(list: string): Wishes {
  const known = remembered.get(list)
  if (known !== undefined) return known
  const wishes = readWishes(list)
  if (list.length > MAX_REMEMBERED_CHARS) return wishes
  if (remembered.size >= MAX_REMEMBERED) remembered.clear()
  remembered.set(list, wishes)
  return wishes
}

function readWishes(list: string): Wishes {
  const wishes = { br: UNLISTED, zstd: UNLISTED, gzip: UNLISTED, identity: 0, others: 0 }
  for (const raw of list.split(',')) {
    const member = readWeighted(raw)
    if (member === undefined) continue
    const { value, weight } = member
    if (value === '*') wishes.others = weight
    else if (value === 'x-gzip') wishes.gzip = Math.max(wishes.gzip, weight)
    else if (isWish(value)) wishes[value] = Math.max(wishes[value], weight)
  }
  return wishes
}

function isWish(value: string): value is 'br' | 'zstd' | 'gzip' | 'identity' {
  return value === 'br' || value === 'zstd' || value === 'gzip' || value === 'identity'
}

/** What is text, or as good as: of other types, whoever wanted them small has made them so. */
const TEXT =
  /^(?:text\/|application\/(?:json|javascript|xml|wasm|ld\+json|manifest\+json|vnd\.ms-fontobject)|image\/(?:svg\+xml|bmp|x-icon)|font\/(?:ttf|otf|sfnt)|[^;]*\+(?:xml|json))/i
const NOT_AS_IT_IS = OBJ_ESI | OBJ_PARTIAL

/** Is a response, as it is to be stored, worth having in other codings? Gzip that was checked or made here, and text. */
export function isRecodable(policy: Policy, status: number, fields: Fields, flags: number): boolean {
  if (status !== 200 || (flags & NOT_AS_IT_IS) !== 0 || !mayRecode(policy, fields)) return false
  if ((flags & OBJ_GZIP) !== 0) return true
  return codingOf(fields) === 'plain' && TEXT.test(fields.get('content-type') ?? '')
}

/** OBJ_CODING of a stored response under a new head: of what nobody may change any more there are no copies to be had. */
export function codingUnder(policy: Policy, fields: Fields, flags: number): number {
  const known = flags & OBJ_CODING
  return (known & OBJ_IN_CODINGS) === 0 || mayRecode(policy, fields) ? known : known & ~OBJ_IN_CODINGS
}
