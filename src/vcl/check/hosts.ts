import { execFileSync } from 'node:child_process'

const HOST_NAME = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,252}$/
const TIMEOUT_MS = 3000

/**
 * Addresses of a host name in an ACL, as the system resolves names (hosts file, then DNS), or none. Rules are checked
 * synchronously and Node resolves only asynchronously: `getent` does it, once for each name of a load.
 */
export function resolveHost(name: string): string[] {
  if (name.toLowerCase() === 'localhost') return ['127.0.0.1', '::1']
  if (!HOST_NAME.test(name)) return []
  try {
    const lines = execFileSync('getent', ['ahosts', name], { encoding: 'latin1', timeout: TIMEOUT_MS, stdio: ['ignore', 'pipe', 'ignore'] })
    return [...new Set(lines.split('\n').map((line) => line.split(/\s/, 1)[0]))].filter((address) => address !== '')
  } catch {
    return []
  }
}
