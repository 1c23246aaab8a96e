import { asBytes } from '../base/bytes.ts'
import { parseDuration } from '../base/units.ts'
import type { PurgeOrder, UrlToPurge } from '../flow/purge-order.ts'
import type { SoftTimes } from '../flow/purges.ts'
import { isToken } from '../http/list.ts'
import { Refused } from './refused.ts'

/** Of one request. */
const TAGS_MAX = 256
const HEADERS_MAX = 32
const TEXT_MAX = 8192

/** What may be asked for, as members of a JSON object or as fields of a form. */
const MEMBERS = ['url', 'host', 'headers', 'tag', 'tags', 'ban', 'soft', 'ttl', 'grace', 'keep']

type Members = Readonly<Record<string, unknown>>

/** Throws Refused. `type` is the request's Content-Type. */
export function parsePurge(type: string | undefined, body: Buffer): PurgeOrder {
  const members = membersOf(type, textOf(body))
  const unknown = Object.keys(members).find((name) => !MEMBERS.includes(name))
  if (unknown !== undefined) throw bad(`unknown member '${unknown.slice(0, 100)}'; there are ${MEMBERS.join(', ')}`)
  const tags = tagsOf(members)
  const { url, ban } = members
  if ([url, tags, ban].filter((one) => one !== undefined).length !== 1) throw bad('say one of url, tag (or tags), ban')
  const soft = softOf(members)
  if (ban !== undefined) return { ban: banOf(members, soft) }
  const more = soft === undefined ? {} : { soft }
  return tags === undefined ? { url: urlOf(members), ...more } : { tags: checkPlain(members, tags), ...more }
}

function bad(message: string): Refused {
  return new Refused(400, message)
}

function textOf(body: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body)
  } catch {
    throw bad('the body is not UTF-8')
  }
}

function membersOf(type: string | undefined, text: string): Members {
  switch (type?.split(';')[0].trim().toLowerCase()) {
    case 'application/json':
      return jsonMembers(text)
    case 'application/x-www-form-urlencoded':
      return formMembers(text)
    default:
      throw new Refused(415, 'the Content-Type is to be application/json or application/x-www-form-urlencoded')
  }
}

function jsonMembers(text: string): Members {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw bad('the body is not JSON')
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw bad('the body is to be a JSON object, such as {"tag":"a"}')
  return value as Members
}

/** tag and header may come several times: header=X-Kind:a */
function formMembers(text: string): Members {
  const members: Record<string, unknown> = {}
  const form = new URLSearchParams(text)
  for (const name of new Set(form.keys())) {
    const values = form.getAll(name)
    if (name === 'tag') members['tags'] = values
    else if (name === 'header') members['headers'] = Object.fromEntries(values.map(headerOf))
    else if (values.length > 1) throw bad(`${name.slice(0, 100)} is given several times`)
    else members[name] = name === 'soft' ? isYes(values[0]) : values[0]
  }
  return members
}

function headerOf(line: string): [string, string] {
  const colon = line.indexOf(':')
  if (colon < 1) throw bad('a header is name:value')
  return [line.slice(0, colon), line.slice(colon + 1).trim()]
}

function isYes(value: string): boolean | string {
  if (['1', 'true', 'on', 'yes'].includes(value)) return true
  return ['0', 'false', 'off', 'no', ''].includes(value) ? false : value
}

function tagsOf({ tag, tags }: Members): string[] | undefined {
  if (tag === undefined && tags === undefined) return undefined
  if (tag !== undefined && tags !== undefined) throw bad('tag or tags, not both')
  const given: unknown = tag === undefined ? tags : [tag]
  if (!Array.isArray(given) || given.length === 0) throw bad('tags is to be an array of strings, and not empty')
  if (given.length > TAGS_MAX) throw bad(`at most ${TAGS_MAX} tags at a time`)
  return given.map((one) => plainText('a tag', one))
}

function banOf(members: Members, soft: SoftTimes | undefined): string {
  if (soft !== undefined) throw bad('a ban is not soft')
  return checkPlain(members, plainText('ban', members['ban']))
}

/** host and headers belong to a URL. */
function checkPlain<T>(members: Members, value: T): T {
  const stray = ['host', 'headers'].find((name) => members[name] !== undefined)
  if (stray !== undefined) throw bad(`${stray} goes with url`)
  return value
}

/** Bytes, as fields hold them: one character each. */
function plainText(what: string, value: unknown): string {
  if (typeof value !== 'string') throw bad(`${what} is to be a string`)
  if (/^\s*$/.test(value)) throw bad(`${what} is empty`)
  // oxlint-disable-next-line no-control-regex
  if (/[\0-\x1f\x7f]/.test(value)) throw bad(`${what} has a control character in it`)
  const bytes = asBytes(value)
  if (bytes.length > TEXT_MAX) throw bad(`${what} is longer than ${TEXT_MAX} bytes`)
  return bytes
}

function urlOf(members: Members): UrlToPurge {
  const url = plainText('url', members['url'])
  const headers = headersOf(members['headers'])
  const absolute = /^https?:\/\/([^/?#]+)(.*)$/i.exec(url)
  const target = absolute === null ? url : absolute[2].startsWith('/') ? absolute[2] : `/${absolute[2]}`
  if (!target.startsWith('/') || /[ #]/.test(target))
    throw bad('url is to be a path such as /a?b=c, or http://host/path; without spaces and #')
  if (absolute !== null && members['host'] !== undefined) throw bad('url has a host already')
  const host = absolute === null ? plainText('host', members['host'] ?? '') : absolute[1]
  if (!/^[A-Za-z0-9._~:[\]-]+$/.test(host)) throw bad('host is no host name')
  return { target, host, headers }
}

function headersOf(given: unknown): [string, string][] {
  if (given === undefined) return []
  if (typeof given !== 'object' || given === null || Array.isArray(given)) throw bad('headers is to be an object: {"name":"value"}')
  const headers = Object.entries(given)
  if (headers.length > HEADERS_MAX) throw bad(`at most ${HEADERS_MAX} headers`)
  return headers.map(([name, value]) => {
    if (!isToken(name) || name.length > 256 || name.toLowerCase() === 'host') throw bad('headers: a name is no field name, or is host')
    return [name, plainText(`header ${name}`, value)]
  })
}

function softOf({ soft = false, ttl, grace, keep }: Members): SoftTimes | undefined {
  if (typeof soft !== 'boolean') throw bad('soft is to be true or false')
  if (soft) return { ttl_s: secondsOf('ttl', ttl, 0), grace_s: secondsOf('grace', grace, -1), keep_s: secondsOf('keep', keep, -1) }
  if (ttl !== undefined || grace !== undefined || keep !== undefined) throw bad('ttl, grace and keep go with soft')
  return undefined
}

/** Seconds, or a duration such as "10m". Negative: what there is stays. */
function secondsOf(name: string, given: unknown, fallback: number): number {
  if (given === undefined) return fallback
  const seconds = typeof given === 'string' ? durationOf(given) : given
  if (typeof seconds !== 'number' || !Number.isFinite(seconds)) throw bad(`${name} is to be seconds, or a duration such as "10m"`)
  return seconds
}

function durationOf(text: string): number | undefined {
  const seconds = parseDuration(text.replace(/^-/, ''))
  return seconds !== undefined && text.startsWith('-') ? -seconds : seconds
}
