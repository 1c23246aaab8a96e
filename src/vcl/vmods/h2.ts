import { CLIENT_SUBS, define, only } from './define.ts'
import type { Vmod } from './vmod.ts'

/** What holds of a connection that is not HTTP/2: all of them. */
export const h2: Vmod = {
  name: 'h2',
  doc: 'Of HTTP/2 connections. There are none yet: is() is false, the others give the -1 that they give for other connections.',
  functions: {
    is: only(
      CLIENT_SUBS,
      define('BOOL', [], 'Did the request come by HTTP/2?', () => false),
    ),
    rapid_reset: only(
      CLIENT_SUBS,
      define('DURATION', ['[DURATION threshold]'], 'What counts as a rapid reset; -1s.', () => -1),
    ),
    rapid_reset_limit: only(
      CLIENT_SUBS,
      define('INT', ['[INT number]'], 'How many are too many; -1.', () => -1),
    ),
    rapid_reset_period: only(
      CLIENT_SUBS,
      define('DURATION', ['[DURATION duration]'], 'In which time; -1s.', () => -1),
    ),
    rapid_reset_budget: only(
      CLIENT_SUBS,
      define('REAL', [], 'How many are left; -1.', () => -1),
    ),
  },
  unsupported: {},
}
