import type { ClientContext } from '../runtime/context.ts'
import type { Vmod, VmodArgument } from './vmod.ts'

const SUBS = ['vcl_hit', 'vcl_miss']

function duration(name: string, seconds: number): VmodArgument {
  return { name, type: 'DURATION', default: seconds }
}

/** The purge module, as documented for 7.x and 8.0. */
export const purge: Vmod = {
  name: 'purge',
  doc: 'Purges of what has just been looked up.',
  functions: {
    hard: {
      returns: 'INT',
      args: [],
      subs: SUBS,
      doc: 'Removes all variants of the object, as return (purge) does; how many there were.',
      impl: (c: ClientContext) => c.purgeHard(),
    },
    soft: {
      returns: 'INT',
      args: [duration('ttl', 0), duration('grace', -1), duration('keep', -1)],
      subs: SUBS,
      doc: 'Shortens ttl (from now on), grace and keep of all variants of the object; a negative one stays. How many variants there were.',
      impl: (c: ClientContext, ttl_s: number, grace_s: number, keep_s: number) => c.purgeSoft(ttl_s, grace_s, keep_s),
    },
  },
  unsupported: {},
}
