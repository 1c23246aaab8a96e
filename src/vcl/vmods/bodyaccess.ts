import type { ClientContext } from '../runtime/context.ts'
import type { VclRegex } from '../../pattern/regex.ts'
import { CLIENT_SUBS, define, only, option } from './define.ts'
import type { Vmod } from './vmod.ts'

/** Looks into a request body that std.cache_req_body() has kept. */

/** Records that one body may become. */
const LINES_MAX = 1000

/** As upstream: what is not kept is an error for the log, and rules go on. */
function bodyOf(c: ClientContext): Uint8Array | undefined {
  const { req_body } = c
  if (req_body === undefined) c.vclError('Unbuffered req.body', 'bodyaccess')
  return req_body
}

function textOf({ buffer, byteOffset, byteLength }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString('latin1')
}

function rematch(c: ClientContext, re: VclRegex): number {
  const body = bodyOf(c)
  return body === undefined ? -1 : Number(re.test(textOf(body)))
}

function hash(c: ClientContext): void {
  const body = bodyOf(c)
  if (body !== undefined) c.hashData(textOf(body))
}

function log(c: ClientContext, prefix: string | undefined, length: number): void {
  const body = bodyOf(c)
  if (body === undefined) return
  const step = length >= 1 ? length : Math.max(body.length, 1)
  for (let at = 0, lines = 0; at < body.length && lines < LINES_MAX; at += step, lines++) {
    c.vclLog((prefix ?? '') + textOf(body.subarray(at, at + step)))
  }
}

export const bodyaccess: Vmod = {
  name: 'bodyaccess',
  doc: 'The body of a request that std.cache_req_body() has kept; of others it knows nothing, and says so in the log.',
  functions: {
    hash_req_body: only(['vcl_hash'], define('VOID', [], 'Makes the body part of the key.', hash)),
    len_req_body: only(
      CLIENT_SUBS,
      define('INT', [], 'Its length in bytes; -1 when it is not kept.', (c: ClientContext) => bodyOf(c)?.length ?? -1),
    ),
    rematch_req_body: only(
      CLIENT_SUBS,
      define('INT', ['REGEX re'], '1 when it matches, 0 when not, -1 when it is not kept. The pattern is a literal.', rematch),
    ),
    log_req_body: only(
      CLIENT_SUBS,
      define(
        'VOID',
        [option('STRING prefix', ''), option('INT length', 200)],
        `VCL_Log records of the body, each of so many bytes behind the prefix, ${LINES_MAX} at most.`,
        log,
      ),
    ),
  },
  unsupported: {},
}
