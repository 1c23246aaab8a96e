import type { CommonContext } from '../runtime/context.ts'
import { BACKEND_SUBS, CLIENT_SUBS, define, only } from './define.ts'
import type { Vmod } from './vmod.ts'

/** Not vcl_init and vcl_fini: there is no cache yet, or no longer. */
const SUBS = [...CLIENT_SUBS, ...BACKEND_SUBS]

/** The xkey module of varnish-modules. Which fields name the tags of a response is said by the parameter tag_fields. */
export const xkey: Vmod = {
  name: 'xkey',
  doc: 'Purges by tag.',
  functions: {
    purge: only(
      SUBS,
      define(
        'INT',
        ['STRING keys'],
        'Removes the objects that have one of the tags, which stand apart by white space or commas; how many there were.',
        (c: CommonContext, keys: string | undefined) => c.purgeTags(keys),
      ),
    ),
    softpurge: only(
      SUBS,
      define(
        'INT',
        ['STRING keys'],
        'Ends the ttl of these objects and leaves their grace and keep; how many there were.',
        (c: CommonContext, keys: string | undefined) => c.softPurgeTags(keys),
      ),
    ),
  },
  unsupported: {},
}
