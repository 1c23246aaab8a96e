import { orBogus } from '../runtime/values.ts'
import { define } from './define.ts'
import type { Vmod } from './vmod.ts'

const WORKSPACE = 'there are no workspaces'
const TESTS = 'it is for the test programs of varnishd'

/** For tests of rules. */
export const vtc: Vmod = {
  name: 'vtc',
  doc: 'For tests of rules.',
  functions: {
    no_backend: define('BACKEND', [], 'A backend that is none.', () => undefined),
    no_ip: define('IP', [], 'An address that is none: 0.0.0.0.', () => orBogus(undefined)),
  },
  unsupported: {
    barrier_sync: TESTS,
    no_stevedore: 'there always is a store',
    panic: 'rules cannot end the program; return (fail) ends the request',
    sleep: 'rules do not wait: all other requests of the worker would, too',
    typesize: TESTS,
    proxy_header: TESTS,
    vsl: TESTS,
    vsl_replay: TESTS,
    ...Object.fromEntries(
      'alloc reserve free snapshot reset overflowed overflow dump'.split(' ').map((one) => [`workspace_${one}`, WORKSPACE]),
    ),
  },
}
