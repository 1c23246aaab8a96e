import type { CommonContext } from '../runtime/context.ts'
import type { Vmod } from './vmod.ts'

/** Not vcl_init and vcl_fini: there is no cache yet, or no longer. */
const SUBS = 'recv pipe pass hash purge miss hit deliver synth backend_fetch backend_response backend_error'
  .split(' ')
  .map((sub) => `vcl_${sub}`)

/** The xkey module of varnish-modules. Which fields name the tags of a response is said by the parameter tag_fields. */
export const xkey: Vmod = {
  name: 'xkey',
  doc: 'Purges by tag.',
  functions: {
    purge: {
      returns: 'INT',
      args: [{ name: 'keys', type: 'STRING' }],
      subs: SUBS,
      doc: 'Removes the objects that have one of the tags, which stand apart by white space or commas; how many there were.',
      impl: (c: CommonContext, keys: string | undefined) => c.purgeTags(keys),
    },
    softpurge: {
      returns: 'INT',
      args: [{ name: 'keys', type: 'STRING' }],
      subs: SUBS,
      doc: 'Ends the ttl of these objects and leaves their grace and keep; how many there were.',
      impl: (c: CommonContext, keys: string | undefined) => c.softPurgeTags(keys),
    },
  },
  unsupported: {},
}
