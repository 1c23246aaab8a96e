import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Clock } from '../base/clock.ts'
import { OperatorError, readFault } from '../base/errors.ts'
import { readRuleFile } from '../base/rule-file.ts'
import { Failures } from './failures.ts'
import { Refused } from './refused.ts'

/** A shorter token could be guessed. */
const TOKEN_MIN = 16
const TOKEN_MAX = 4096

/** The first line of the file is the token. Throws an OperatorError. */
export function readToken(path: string): string {
  let text: string
  try {
    text = readRuleFile(path)
  } catch (error) {
    throw new OperatorError(`--purge-api ${path}: ${readFault(error)}`)
  }
  const [token] = text.split(/\r?\n/, 1)
  if (token.length >= TOKEN_MIN && token.length <= TOKEN_MAX && /^[!-~]+$/.test(token)) return token
  throw new OperatorError(
    `--purge-api ${path}: its first line is to be the token, ${TOKEN_MIN} visible characters or more and no spaces, such as \`openssl rand -hex 32\` prints`,
  )
}

/** Who may. Without a token everybody who is no web page. */
export class Guard {
  private readonly expected: Buffer | undefined
  private readonly failures: Failures

  constructor(token: string | undefined, clock: Clock) {
    this.expected = token === undefined ? undefined : digest(token)
    this.failures = new Failures(clock)
  }

  /** Throws Refused. */
  admit({ headers, socket }: Pick<IncomingMessage, 'headers' | 'socket'>): void {
    const { expected } = this
    // A page that an operator looks at could have his browser send it here.
    if (headers.origin !== undefined || headers['sec-fetch-site'] !== undefined) throw new Refused(403, 'not from a web page')
    if (expected === undefined) return
    const address = socket.remoteAddress ?? ''
    const wait_ms = this.failures.waitOf(address)
    if (wait_ms > 0) throw new Refused(429, 'too many wrong tokens', { 'Retry-After': String(Math.ceil(wait_ms / 1000)) })
    const [, given] = /^bearer +([!-~]+) *$/i.exec(headers.authorization ?? '') ?? []
    if (given !== undefined && timingSafeEqual(digest(given), expected)) return
    this.failures.failed(address)
    throw new Refused(401, 'send Authorization: Bearer and the token', { 'WWW-Authenticate': 'Bearer realm="lacquer"' })
  }
}

/** Of one length, whatever was sent. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text, 'latin1').digest()
}
