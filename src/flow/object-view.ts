import { ResponseHead } from '../http/message.ts'
import { OBJ_ESI } from '../policy/flags.ts'
import type { ObjectHead, StoredObject } from '../store/contract.ts'
import type { VclObject, VclStale, VclStevedore } from '../vcl/runtime/context.ts'
import type { Environment } from './environment.ts'

/** obj.* over whichever object the task holds; one per task, so that reading obj.hits allocates nothing. */
export class ObjectView implements VclObject {
  private readonly env: Environment
  private object: StoredObject | undefined
  private readonly copy = new ResponseHead()
  private copied: ObjectHead | undefined

  constructor(env: Environment) {
    this.env = env
  }

  of(object: StoredObject | undefined): VclObject {
    this.object = object
    return this
  }

  get head(): ResponseHead {
    const object = this.object
    if (object === undefined || object.head === this.copied) return this.copy
    this.copied = object.head
    this.copy.status = object.head.status
    this.copy.reason = object.head.reason
    this.copy.fields.copyFrom(object.head.fields)
    return this.copy
  }

  get age_s(): number {
    return this.object === undefined ? 0 : Math.max(0, (this.env.clock.wall_ms - this.object.head.t_origin_ms) / 1000)
  }

  /** What is left of it (negative when stale). */
  get ttl_s(): number {
    return this.object === undefined ? 0 : this.object.head.ttl_ms / 1000 - this.age_s
  }

  get grace_s(): number {
    return this.object === undefined ? 0 : this.object.head.grace_ms / 1000
  }

  get keep_s(): number {
    return this.object === undefined ? 0 : this.object.head.keep_ms / 1000
  }

  get hits(): number {
    return this.object === undefined ? 0 : this.object.hits
  }

  get time_s(): number {
    return this.object === undefined ? 0 : this.object.head.t_origin_ms / 1000
  }

  get can_esi(): boolean {
    return this.object !== undefined && (this.object.head.flags & OBJ_ESI) !== 0
  }

  get uncacheable(): boolean {
    return this.object !== undefined && !this.object.live
  }

  get storage(): VclStevedore {
    return this.env.storages.of(this.object?.store)
  }
}

/** obj_stale.* of one refresh. */
export class StaleView extends ObjectView implements VclStale {
  private readonly valid: () => boolean

  constructor(env: Environment, object: StoredObject, valid: () => boolean) {
    super(env)
    this.of(object)
    this.valid = valid
  }

  get is_valid(): boolean {
    return this.valid()
  }
}
