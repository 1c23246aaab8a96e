import { PartialObject } from '../cache/partial.ts'
import type { Fields } from '../http/fields.ts'
import type { RequestHead } from '../http/message.ts'
import { weakenTag } from '../policy/coding.ts'
import { dropConditions } from '../policy/conditional.ts'
import { NO_DIRECTIVES, parseRequestDirectives, type RequestDirectives } from '../policy/directives.ts'
import { OBJ_RECODED } from '../policy/flags.ts'
import { confirmed } from '../policy/freshening.ts'
import { mayServeOnError, type FailureKind } from '../policy/reuse.ts'
import type { BodyReader, StoredObject } from '../store/contract.ts'
import type { Environment } from './environment.ts'
import type { FetchSetup } from './fetch-setup.ts'
import { revealed } from './hidden.ts'

const NONE: readonly never[] = []

/**
 * The stale object that a fetch may validate or fall back on, and others of its URL that the origin may choose instead (RFC 9111
 * section 4.3.1). Their bodies are held for as long as that may happen.
 */
export class Stale {
  private readonly env: Environment
  private held: StoredObject | undefined
  private reader: BodyReader | undefined
  private readonly req: RequestHead
  private others: readonly StoredObject[] = NONE
  private readers: readonly BodyReader[] = NONE

  /** `req` is what it is to be the answer to. */
  constructor(env: Environment, { stale, others }: FetchSetup, req: RequestHead) {
    this.env = env
    this.req = req
    if (stale !== undefined && (stale.body.state === 'complete' || stale instanceof PartialObject)) {
      this.held = stale
      this.reader = stale.body.read(0)
    }
    // If-None-Match would have the origin ignore a date (RFC 9110 section 13.2.2).
    if (others.length === 0 || (this.held !== undefined && !this.held.head.fields.has('etag'))) return
    this.others = others
    this.readers = others.map(({ body }) => body.read(0))
  }

  get object(): StoredObject | undefined {
    return this.held
  }

  /** Names the others in the request, besides what it names already. */
  nameOthers({ fields }: RequestHead): void {
    if (this.others.length === 0) return
    const named = [fields.get('if-none-match'), ...this.others.map(({ head }) => head.fields.get('etag'))]
    fields.set('If-None-Match', named.filter((tag, i) => tag !== undefined && named.indexOf(tag) === i).join(', '))
  }

  /** The one that a 304 speaks of, if there is one: it is what is held from then on. */
  confirmedBy(update: Fields): StoredObject | undefined {
    const { held, others } = this
    const named = held === undefined ? others : [held, ...others]
    // What it says of the origin's bytes is said of what we have made of them.
    if (held !== undefined && (held.head.flags & OBJ_RECODED) !== 0) weakenTag(update)
    const index = confirmed(
      named.map(({ head }) => head.fields),
      update,
    )
    if (index < 0) return undefined
    this.keep(named[index])
    return this.held
  }

  private keep(object: StoredObject): void {
    const before = this.reader
    this.reader = object.body.read(0)
    before?.release()
    this.held = object
    this.releaseOthers()
  }

  /** It turned out to be of no use: the origin is to be asked without conditions. */
  giveUp(bereq: RequestHead): void {
    this.release()
    dropConditions(bereq.fields)
  }

  release(): void {
    this.reader?.release()
    this.reader = this.held = undefined
    this.releaseOthers()
  }

  private releaseOthers(): void {
    if (this.others.length === 0) return
    for (const reader of this.readers) reader.release()
    this.readers = this.others = NONE
  }

  /** Nothing has been said against it since it was found: no purge, no ban. */
  get valid(): boolean {
    const { held } = this
    return held === undefined || (held.live && this.env.cache.spares(held, this.req))
  }

  /** Was the origin told of anything that is stored? */
  get named(): boolean {
    return this.held !== undefined || this.others.length > 0
  }

  /** May it stand in for a response that could not be had (RFC 9111 section 4.2.4, RFC 5861 section 4)? */
  standsIn(req: RequestHead, asked: Readonly<RequestDirectives>, failure: FailureKind): StoredObject | undefined {
    const { held, env } = this
    if (
      held === undefined ||
      !held.live ||
      !env.cache.spares(held, this.req) ||
      (held instanceof PartialObject && !held.serves(env.policy, req))
    )
      return undefined
    return mayServeOnError(env.policy, revealed(held.head), env.clock.wall_ms, asked, failure) ? held : undefined
  }

  /** Those who waited have asked for themselves, in words and in what they vary in. */
  willDo(req: RequestHead, failure: FailureKind): boolean {
    const { held, env } = this
    if (held === undefined || !env.cache.selects(held, req)) return false
    const asked = env.policy.requestDirectives ? parseRequestDirectives(req.fields) : NO_DIRECTIVES
    return this.standsIn(req, asked, failure) !== undefined
  }
}
