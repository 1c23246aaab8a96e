import type { CommonContext } from '../runtime/context.ts'
import { VclFailure } from '../runtime/failure.ts'
import { Htpasswd } from './basicauth/htpasswd.ts'
import { bound } from './define.ts'
import type { Vmod, VmodLoad } from './vmod.ts'

type Text = string | undefined

/** Paths are the rules', but rules can make them of what clients send. */
const FILES_MAX = 100

const BASIC = /^basic +([A-Za-z0-9+/]+={0,2})$/i

function credentials(authorization: Text): { user: string; password: string } | undefined {
  const text = BASIC.exec(authorization ?? '')?.[1]
  if (text === undefined) return undefined
  const [user, ...password] = Buffer.from(text, 'base64').toString('latin1').split(':')
  return password.length === 0 ? undefined : { user, password: password.join(':') }
}

const bindMatch = (_load: VmodLoad) => {
  const files = new Map<string, Htpasswd>()
  return (c: CommonContext, path: Text, authorization: Text): boolean => {
    const given = credentials(authorization)
    if (given === undefined || path === undefined || path.includes('\0')) return false
    let file = files.get(path)
    if (file === undefined) {
      if (files.size >= FILES_MAX) throw new VclFailure(`basicauth.match(): more than ${FILES_MAX} files`)
      files.set(path, (file = new Htpasswd(path)))
    }
    return file.accepts(given.user, given.password, c.now())
  }
}

/** Basic authentication (RFC 7617) against files of htpasswd(1). */
export const basicauth: Vmod = {
  name: 'basicauth',
  doc: 'Basic authentication (RFC 7617) against a file of htpasswd(1): APR1 (-m), SHA-1 (-s) and plain text (-p). Other hashes (bcrypt, crypt) let nobody in, nor does a plain text of 13 letters and digits, which could be one. A changed file is read within a second.',
  functions: {
    match: bound(
      'BOOL',
      ['STRING file', 'STRING authorization'],
      'Does the Authorization header name a user of the file with his password?',
      bindMatch,
    ),
  },
  unsupported: {},
}
