import type { ClientContext } from '../runtime/context.ts'
import { define, only, option } from './define.ts'
import type { Vmod } from './vmod.ts'

const SUBS = ['vcl_hit', 'vcl_miss']

/** The purge module, as documented for 7.x and 8.0. */
export const purge: Vmod = {
  name: 'purge',
  doc: 'Purges of what has just been looked up.',
  functions: {
    hard: only(
      SUBS,
      define('INT', [], 'Removes all variants of the object, as return (purge) does; how many there were.', (c: ClientContext) =>
        c.purgeHard(),
      ),
    ),
    soft: only(
      SUBS,
      define(
        'INT',
        [option('DURATION ttl', 0), option('DURATION grace', -1), option('DURATION keep', -1)],
        'Shortens ttl (from now on), grace and keep of all variants of the object; a negative one stays. How many variants there were.',
        (c: ClientContext, ttl_s: number, grace_s: number, keep_s: number) => c.purgeSoft(ttl_s, grace_s, keep_s),
      ),
    ),
  },
  unsupported: {},
}
