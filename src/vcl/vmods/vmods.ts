import { accept } from './accept.ts'
import { basicauth } from './basicauth.ts'
import { blob } from './blob.ts'
import { bodyaccess } from './bodyaccess.ts'
import { cookie } from './cookie.ts'
import { digest } from './digest.ts'
import { directors } from './directors.ts'
import { dynamic } from './dynamic.ts'
import { h2 } from './h2.ts'
import { header } from './header.ts'
import { proxy } from './proxy.ts'
import { purge } from './purge.ts'
import { saintmode } from './saintmode.ts'
import { std } from './std.ts'
import { str } from './str.ts'
import { variable } from './var.ts'
import { tcp } from './tcp.ts'
import { unix } from './unix.ts'
import type { Vmod } from './vmod.ts'
import { vtc } from './vtc.ts'
import { vsthrottle } from './vsthrottle.ts'
import { xkey } from './xkey.ts'

/** Modules that can be imported, by name. */
export const VMODS: Readonly<Record<string, Vmod>> = {
  std,
  directors,
  accept,
  bodyaccess,
  basicauth,
  blob,
  cookie,
  digest,
  dynamic,
  h2,
  header,
  proxy,
  purge,
  saintmode,
  str,
  tcp,
  unix,
  var: variable,
  vsthrottle,
  vtc,
  xkey,
}

/** Modules that exist elsewhere: known by name so that the message is not "unknown". */
export const PENDING_VMODS: readonly string[] = ['math', 'debug']
