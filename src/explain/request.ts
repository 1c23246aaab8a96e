import { OperatorError } from '../base/errors.ts'
import { parseIp } from '../base/ip.ts'
import { isToken } from '../http/list.ts'

/** What somebody wants explained, and how much of it told. */
export interface Asked {
  /** As ExplainOrder has it. */
  readonly head: string
  readonly ip: string
  /** Which worker is to take it through; undefined: any. */
  readonly worker: number | undefined
  /** Values of Cookie, Authorization and the like are told in full. */
  readonly secrets: boolean
  /** And what the built-in rules did without consequence, and all log records. */
  readonly verbose: boolean
}

const USAGE = 'explain [-X method] [-H field]... [-w worker] [-i address] [-s] [-v] url'

interface Options {
  url: string | undefined
  method: string
  readonly fields: string[]
  ip: string
  worker: number | undefined
  secrets: boolean
  verbose: boolean
}

/** The words behind `explain`; bytes as latin1. Throws an OperatorError that says what is wrong with them. */
export function readAsked(words: readonly string[]): Asked {
  const { url, method, fields, ip, worker, secrets, verbose } = readOptions(words)
  if (url === undefined) throw new OperatorError(`what is to be explained? ${USAGE}`)
  const { host, target } = readUrl(url)
  const named = fields.some((field) => /^host:/i.test(field))
  if (host === undefined && !named)
    throw new OperatorError(`${url}: of which host? Write http://HOST${url.startsWith('/') ? url : '/'}, or add -H 'Host: ...'`)
  const lines = named || host === undefined ? fields : [`Host: ${host}`, ...fields]
  const head = `${method} ${target} HTTP/1.1\r\n${lines.map((line) => `${line}\r\n`).join('')}\r\n`
  return { head, ip, worker, secrets, verbose }
}

function readOptions(words: readonly string[]): Options {
  const read: Options = { url: undefined, method: 'GET', fields: [], ip: '127.0.0.1', worker: undefined, secrets: false, verbose: false }
  for (let i = 0; i < words.length; i++) {
    const word = words[i]
    if (word === '-s') read.secrets = true
    else if (word === '-v') read.verbose = true
    else if (word.startsWith('-')) setOption(read, word, words[++i])
    else if (read.url === undefined) read.url = word
    else throw new OperatorError(`one URL at a time: ${read.url} or ${word}? ${USAGE}`)
  }
  return read
}

function setOption(read: Options, name: string, value: string | undefined): void {
  if (!['-X', '-H', '-w', '-i'].includes(name)) throw new OperatorError(`there is no option ${name}: ${USAGE}`)
  if (value === undefined) throw new OperatorError(`${name} wants a value: ${USAGE}`)
  if (name === '-X') read.method = methodFrom(value)
  else if (name === '-H') read.fields.push(fieldFrom(value))
  else if (name === '-w') read.worker = workerFrom(value)
  else read.ip = addressFrom(value)
}

function methodFrom(value: string): string {
  if (!isToken(value)) throw new OperatorError(`-X ${value}: not a method`)
  return value
}

function fieldFrom(value: string): string {
  const colon = value.indexOf(':')
  const name = value.slice(0, Math.max(0, colon))
  if (!isToken(name) || !isClean(value)) throw new OperatorError(`-H '${value}': expected 'Name: value'`)
  if (/^(?:content-length|transfer-encoding|expect)$/i.test(name))
    throw new OperatorError(`-H '${value}': a request without a body is explained`)
  return value
}

function workerFrom(value: string): number {
  if (!/^\d{1,4}$/.test(value)) throw new OperatorError(`-w ${value}: not the number of a worker; the first is 0`)
  return Number(value)
}

function addressFrom(value: string): string {
  if (parseIp(value, 0) === undefined) throw new OperatorError(`-i ${value}: not an IP address`)
  return value
}

function readUrl(url: string): { host: string | undefined; target: string } {
  if (!isClean(url) || url.includes(' ')) throw new OperatorError(`${url}: not a URL`)
  if (url.startsWith('/')) return { host: undefined, target: withoutFragment(url) }
  const [, authority, rest] = /^https?:\/\/([^/?#]+)(.*)$/i.exec(url) ?? []
  if (authority === undefined) throw new OperatorError(`${url}: expected http://host/path, or a path that begins with /`)
  if (authority.includes('@')) throw new OperatorError(`${url}: say who asks with -H 'Authorization: ...'`)
  const target = withoutFragment(rest)
  return { host: authority, target: target.startsWith('/') ? target : `/${target}` }
}

function withoutFragment(target: string): string {
  return target.split('#', 1)[0]
}

function isClean(text: string): boolean {
  // oxlint-disable-next-line no-control-regex
  return !/[\u0000-\u0008\u000a-\u001f\u007f]/.test(text)
}
