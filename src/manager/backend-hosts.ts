import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import { codeOf } from '../base/errors.ts'
import type { BackendDeclaration } from '../vcl/runtime/context.ts'

/** A backend whose address is a name. */
export interface BackendHost {
  readonly backend: string
  readonly host: string
}

export function hostsOf(backends: readonly BackendDeclaration[]): BackendHost[] {
  return backends.flatMap(({ name, host }) => (host === undefined || isIP(host) !== 0 ? [] : [{ backend: name, host }]))
}

/**
 * Says which backends cannot be reached by name now. It keeps nothing from starting: names are looked up for each new
 * connection, and one that is not there yet may come.
 */
export async function tellUnresolved(
  hosts: readonly BackendHost[],
  warn: (line: string) => void,
  resolve: (host: string) => Promise<unknown> = lookup,
): Promise<void> {
  await Promise.all(
    hosts.map(async ({ backend, host }) => {
      try {
        await resolve(host)
      } catch (error) {
        warn(`backend ${backend}: the host name "${host}" cannot be resolved now (${codeOf(error) ?? 'error'}); fetches fail until it can`)
      }
    }),
  )
}
