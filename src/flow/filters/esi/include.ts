import { type EsiTag, TagError } from './tag.ts'

/** What is to be asked for in place of an <esi:include>. */
export interface EsiInclude {
  /** What goes into the request line. */
  readonly url: string
  /** Another Host than the page's; undefined: the same. */
  readonly host: string | undefined
  /** onerror="continue": nothing in its place, where it cannot be had. */
  readonly goes_on: boolean
}

const ENTITIES: Readonly<Record<string, string>> = { apos: "'", quot: '"', lt: '<', gt: '>', amp: '&' }
const ENTITY = /&(apos|quot|lt|gt|amp);/g
/** What is no part of a URL, and what would be something else in a request's head. */
const UNSENDABLE = /[^\x21-\x7e\x80-\xff]/
const HOST = /^[A-Za-z0-9._:[\]-]+$/

/** `base` is the URL of the page. Throws TagError when there is nothing to ask for. */
export function includeOf(tag: EsiTag, base: string, ignoreHttps: boolean, warn: (text: string) => void): EsiInclude {
  const { src } = tag
  if (src === undefined || src === '')
    throw new TagError(`ESI 1.0 <esi:include> ${src === '' ? 'has empty src attribute' : 'lacks src attr'}`)
  const goes_on = tag.onerror === 'continue'
  const scheme = /^https?:\/\//.exec(src)?.[0]
  if (scheme === 'https://') {
    if (!ignoreHttps) throw new TagError('ESI 1.0 <esi:include> with https:// ignored', false)
    warn('ESI 1.0 <esi:include> https:// treated as http://')
  }
  const url = plain(src)
  if (UNSENDABLE.test(url)) throw new TagError('ESI 1.0 <esi:include> has whitespace or control characters in src attribute')
  if (scheme === undefined) return { url: url.startsWith('/') ? url : folderOf(base) + url, host: undefined, goes_on }
  const [, host, path] = /^([^/?]*)(.*)$/.exec(url.slice(scheme.length))!
  if (!HOST.test(host)) throw new TagError('ESI 1.0 <esi:include> has invalid src URL')
  return { url: path.startsWith('/') ? path : `/${path}`, host, goes_on }
}

function plain(text: string): string {
  return text.replaceAll(ENTITY, (_, name: string) => ENTITIES[name])
}

/** Up to the last "/" before a query. */
function folderOf(base: string): string {
  const query = base.indexOf('?')
  const path = query < 0 ? base : base.slice(0, query)
  return path.slice(0, path.lastIndexOf('/') + 1) || '/'
}
