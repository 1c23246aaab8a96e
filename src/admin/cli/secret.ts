import { createHash, randomInt, timingSafeEqual } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { OperatorError, readFault } from '../../base/errors.ts'

const SECRET_BYTES_MAX = 65_536
const CHALLENGE_LETTERS = 32
const A = 97

/** The whole file, line ends included, as varnishadm reads it. Throws an OperatorError. */
export function readSecret(path: string): Buffer {
  try {
    const file = statSync(path)
    if (!file.isFile()) throw new OperatorError(`-S ${path}: not a file`)
    const secret = file.size > SECRET_BYTES_MAX ? undefined : readFileSync(path)
    if (secret !== undefined && secret.length > 0 && secret.length <= SECRET_BYTES_MAX) return secret
  } catch (error) {
    if (error instanceof OperatorError) throw error
    throw new OperatorError(`-S ${path}: ${readFault(error)}`)
  }
  throw new OperatorError(`-S ${path}: a secret has 1 to ${SECRET_BYTES_MAX} bytes, such as \`openssl rand -hex 32\` prints`)
}

export function newChallenge(): string {
  return Array.from({ length: CHALLENGE_LETTERS }, () => String.fromCharCode(A + randomInt(26))).join('')
}

/** What `auth` has to say to a challenge. */
export function responseTo(challenge: string, secret: Buffer): string {
  return createHash('sha256').update(`${challenge}\n`).update(secret).update(`${challenge}\n`).digest('hex')
}

/** In a time that says nothing of where they differ. */
export function isResponse(given: string, challenge: string, secret: Buffer): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text, 'latin1').digest()
  return timingSafeEqual(digest(given.toLowerCase()), digest(responseTo(challenge, secret)))
}
