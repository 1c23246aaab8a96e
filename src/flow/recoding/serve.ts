import { RecodedObject } from '../../cache/recoded.ts'
import { MAIN } from '../../counters/counters.ts'
import type { Fields } from '../../http/fields.ts'
import { ResponseHead } from '../../http/message.ts'
import { responseHeadText } from '../../http/write.ts'
import { type HeadChange, recode, varyByCoding } from '../../policy/coding.ts'
import { preferredCopy } from '../../policy/copies.ts'
import { COPY_NAMES, OBJ_BR, OBJ_COPY, OBJ_GZIP, OBJ_IN_CODINGS, OBJ_RECODABLE, OBJ_RECODED } from '../../policy/flags.ts'
import type { ObjectHead, StoredObject } from '../../store/contract.ts'
import type { ClientState } from '../client-state.ts'
import { wantedCopies } from './recoder.ts'

/** What was found in the store by the head of its base, which is another when anything about it has changed. */
interface Found {
  br: RecodedObject | undefined
  zstd: RecodedObject | undefined
}

const found = new WeakMap<ObjectHead, Found>()

/** A hit on such an object: what the client likes best of what there is. Asks for more, if it is popular. */
export function inCoding(task: ClientState, object: StoredObject): StoredObject {
  const { env } = task
  const { flags } = object.head
  const wanted = wantedCopies(env.params)
  if ((flags & OBJ_RECODABLE) !== 0 && wanted !== 0 && object.hits >= env.params.recode_hits) env.recoder.want(object)
  const copies = flags & wanted
  // A page puts together what it can.
  if (copies === 0 || task.included !== undefined) return object
  const list = task.offered ?? task.req.fields.combined('accept-encoding')
  const coding = list === undefined ? 0 : preferredCopy(env.policy, list, copies, flags)
  if (coding === 0) return object
  const copy = copyOf(task, object, coding)
  if (copy === undefined) return object
  env.counters[MAIN.recode_hit]++
  copy.touch()
  return copy
}

function copyOf({ env }: ClientState, object: StoredObject, coding: number): RecodedObject | undefined {
  const { head } = object
  let known = found.get(head)
  if (known === undefined) found.set(head, (known = { br: undefined, zstd: undefined }))
  const name = coding === OBJ_BR ? 'br' : 'zstd'
  const before = known[name]
  if (before?.isThere === true) return before
  const { recodings } = env.cache
  const copy = recodings.find(object, coding)
  // It was evicted: it may be made again.
  if (copy === undefined && !recodings.isCold) env.recoder.want(object)
  known[name] = copy === undefined ? undefined : new RecodedObject(object, copy, headIn(head, coding))
  return known[name]
}

const NOT_OF_A_COPY = OBJ_GZIP | OBJ_IN_CODINGS

/** The head of the copy: all is its base's but for what is said of the bytes. */
function headIn(base: ObjectHead, coding: number): ObjectHead {
  const { xid, status, reason, t_origin_ms, ttl_ms, grace_ms, keep_ms, validatable } = base
  const made = new ResponseHead()
  made.status = status
  made.reason = reason
  made.fields.copyFrom(base.fields)
  const change = new Unlogged(made.fields)
  recode(made.fields, COPY_NAMES.get(coding), change)
  varyByCoding(made.fields, change)
  const flags = (base.flags & ~NOT_OF_A_COPY) | OBJ_RECODED | OBJ_COPY
  const { fields } = made
  return { xid, status, reason, fields, t_origin_ms, ttl_ms, grace_ms, keep_ms, flags, validatable, headText: responseHeadText(made) }
}

class Unlogged implements HeadChange {
  private readonly fields: Fields

  constructor(fields: Fields) {
    this.fields = fields
  }

  set(name: string, value: string): void {
    this.fields.set(name, value)
  }

  unset(key: string): void {
    this.fields.delete(key)
  }
}
