import { createRequire } from 'node:module'
import type * as undici from 'undici'

/**
 * The parts of undici that are used. Its index loads everything (fetch, WebSocket, caches, mocks), which takes two thirds
 * of the time that loading it takes; the version is pinned, so that the paths hold.
 */
const load = createRequire(import.meta.url)

export const Client = load('undici/lib/dispatcher/client.js') as typeof undici.Client
export const Pool = load('undici/lib/dispatcher/pool.js') as typeof undici.Pool
export type Client = undici.Client
export type Pool = undici.Pool
