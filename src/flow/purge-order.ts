import { ClientTask, type TaskPool } from './client-task.ts'
import type { ClientConnection } from './client.ts'
import type { Environment } from './environment.ts'
import { RequestHead } from '../http/message.ts'
import { parseIp } from '../base/ip.ts'
import { purgeKey, purgeTags, softPurgeKey, type SoftTimes } from './purges.ts'
import { searchOf, type Search } from './search.ts'
import { makeKey } from './steps/lookup.ts'

/** What an operator asks for: a purge of a URL with all its variants, or of tags, or a ban. Plain data, posted to a worker, of which one carries it out for all. */
export interface PurgeOrder {
  readonly url?: UrlToPurge
  readonly tags?: readonly string[]
  /** A ban's expression. */
  readonly ban?: string
  /** Softly; for good without it. */
  readonly soft?: SoftTimes
}

export interface UrlToPurge {
  /** In origin form. */
  readonly target: string
  readonly host: string
  /** Further fields of the request that vcl_hash looks at. */
  readonly headers: readonly (readonly [name: string, value: string])[]
}

/** What is asked for cannot be done by anybody. */
export class OrderRefused extends Error {}

/** How many objects a purge met; those of a ban are found one by one. Throws when it could not be carried out. */
export function carryOut(env: Environment, { url, tags, ban, soft }: PurgeOrder): number {
  env.clock.refresh()
  env.store.newRun()
  if (ban !== undefined) return addBan(env, ban)
  if (tags !== undefined) return purgeTags(env, tags, soft)
  if (url === undefined) return 0
  const { key, search } = keyOf(env, url)
  return soft === undefined ? purgeKey(env, key, search) : softPurgeKey(env, key, search, soft)
}

function addBan({ bans }: Environment, expression: string): number {
  const fault = bans.add(expression)
  if (fault !== undefined) throw new OrderRefused(fault)
  return 0
}

interface Named {
  readonly key: string
  readonly search: Search | undefined
}

/** What vcl_hash makes of a request for the URL; vcl_recv is not run. */
function keyOf(env: Environment, { target, host, headers }: UrlToPurge): Named {
  const req = new RequestHead()
  req.method = 'GET'
  req.url = target
  req.proto = 'HTTP/1.1'
  req.fields.append('Host', host)
  for (const [name, value] of headers) req.fields.append(name, value)
  return new HashTask(env, NO_POOL).keyOf(req)
}

const NO_POOL: TaskPool = {
  take: () => {
    throw new Error('what is never answered includes nothing')
  },
  giveBack: () => {},
}
const NOWHERE = parseIp('0.0.0.0', 0)!

/** A request that nobody waits for. vcl_hash can ask it for what a connection knows, and answer nobody. */
class HashTask extends ClientTask {
  keyOf(req: RequestHead): Named {
    const { env } = this
    this.log = env.log.open(env.log.nextXid(), 'client')
    try {
      this.beginState(nobody(req))
      this.resetRules()
      if (!makeKey(this, false)) throw new Error('vcl_hash failed')
      return { key: this.key, search: searchOf(this) }
    } finally {
      this.log.end()
      this.endState()
    }
  }
}

function nobody(req: RequestHead): ClientConnection {
  const facts = {
    xid: 0,
    client_ip: NOWHERE,
    server_ip: NOWHERE,
    remote_ip: NOWHERE,
    local_ip: NOWHERE,
    peer_text: '',
    socket_name: '',
    endpoint: '',
  }
  const timeouts = { timeout_idle_ms: 0, timeout_linger_ms: 0, send_timeout_ms: 0, idle_send_timeout_ms: 0 }
  // The rest answers, and vcl_hash cannot.
  return { facts, req, ...timeouts } as unknown as ClientConnection
}
