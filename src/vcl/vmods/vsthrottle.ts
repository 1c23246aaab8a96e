import type { BucketSpec, TokenBuckets } from '../../shm/token-buckets.ts'
import type { CommonContext } from '../runtime/context.ts'
import { VclFailure } from '../runtime/failure.ts'
import { bound, option } from './define.ts'
import type { VclType, Vmod, VmodFunction, VmodLoad } from './vmod.ts'

type Text = string | undefined
type Use<T> = (buckets: TokenBuckets, spec: BucketSpec, now_s: number) => T

const ARGUMENTS = ['STRING key', 'INT limit', 'DURATION period', option('DURATION block', 0)]

/** All functions take the four figures that name a bucket. `missing`: what an unset key gets. */
function over<T>(returns: VclType, doc: string, missing: T, use: Use<T>): VmodFunction {
  const bind =
    ({ host }: VmodLoad) =>
    (c: CommonContext, key: Text, limit: number, period_s: number, block_s: number): T => {
      if (host === undefined) throw new VclFailure('vsthrottle: not here')
      return key === undefined ? missing : use(host.buckets, { key, limit, period_s, block_s }, c.now())
    }
  return bound(returns, ARGUMENTS, doc, bind)
}

/** Limits on how often. */
export const vsthrottle: Vmod = {
  name: 'vsthrottle',
  doc:
    'Token buckets: so many requests in a period. All workers share them, 65,536 at a time: the ones that lose least make room. A bucket is known by key, limit, period and block ' +
    'together: the same key with other figures is another bucket.',
  functions: {
    is_denied: over(
      'BOOL',
      'Takes a token: true when there is none. With block, once empty it denies for so long. An unset key is denied.',
      true,
      (buckets, spec, now_s) => !buckets.take(spec, now_s),
    ),
    return_token: over('VOID', 'Gives a token back: for limits on how many at a time.', undefined, (buckets, spec, now_s) =>
      buckets.giveBack(spec, now_s),
    ),
    remaining: over('INT', 'How many tokens are left; -1 for an unset key.', -1, (buckets, spec, now_s) => buckets.remaining(spec, now_s)),
    blocked: over('DURATION', 'For how long it still is blocked; -1s for an unset key.', -1, (buckets, spec, now_s) =>
      buckets.blocked(spec, now_s),
    ),
    remove_bucket: over('VOID', 'Forgets it: the next request finds it full.', undefined, (buckets, spec, now_s) =>
      buckets.remove(spec, now_s),
    ),
  },
  unsupported: {},
}
