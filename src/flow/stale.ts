import type { Fields } from '../http/fields.ts'
import type { RequestHead } from '../http/message.ts'
import { dropConditions } from '../policy/conditional.ts'
import { NO_DIRECTIVES, parseRequestDirectives, type RequestDirectives } from '../policy/directives.ts'
import { confirmed } from '../policy/freshening.ts'
import { mayServeOnError, type FailureKind } from '../policy/reuse.ts'
import type { BodyReader, StoredObject } from '../store/contract.ts'
import type { Environment } from './environment.ts'
import { revealed } from './hidden.ts'

/** The stale object that a fetch may validate or fall back on. Its body is held for as long as that may happen. */
export class Stale {
  private readonly env: Environment
  private held: StoredObject | undefined
  private reader: BodyReader | undefined
  private readonly req: RequestHead

  /** `req` is what it is to be the answer to. */
  constructor(env: Environment, object: StoredObject | undefined, req: RequestHead) {
    this.env = env
    this.req = req
    if (object === undefined || object.body.state !== 'complete') return
    this.held = object
    this.reader = object.body.read(0)
  }

  get object(): StoredObject | undefined {
    return this.held
  }

  /** Is what is held what a 304 speaks of? */
  confirmedBy(update: Fields): StoredObject | undefined {
    const { held } = this
    return held !== undefined && confirmed([held.head.fields], update) === 0 ? held : undefined
  }

  /** It turned out to be of no use: the origin is to be asked without conditions. */
  giveUp(bereq: RequestHead): void {
    this.release()
    dropConditions(bereq.fields)
  }

  release(): void {
    this.reader?.release()
    this.reader = this.held = undefined
  }

  /** May it stand in for a response that could not be had (RFC 9111 section 4.2.4, RFC 5861 section 4)? */
  standsIn(asked: Readonly<RequestDirectives>, failure: FailureKind): StoredObject | undefined {
    const { held, env } = this
    if (held === undefined || !held.live || !env.cache.spares(held, this.req)) return undefined
    return mayServeOnError(env.policy, revealed(held.head), env.clock.wall_ms, asked, failure) ? held : undefined
  }

  /** Those who waited have asked for themselves, in words and in what they vary in. */
  willDo(req: RequestHead, failure: FailureKind): boolean {
    const { held, env } = this
    if (held === undefined || !env.cache.selects(held, req)) return false
    const asked = env.policy.requestDirectives ? parseRequestDirectives(req.fields) : NO_DIRECTIVES
    return this.standsIn(asked, failure) !== undefined
  }
}
