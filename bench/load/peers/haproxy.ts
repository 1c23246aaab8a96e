import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Core, installed, listening, SERVER_CORE, start } from '../processes.ts'
import { freePort } from './peer.ts'
import type { Peer, Running, Setting } from './peer.ts'

function configuration({ origin_port, open_files }: Setting, port: number, threads: number): string {
  return `
global
  nbthread ${threads}
  no strict-limits
  maxconn ${open_files - 200}
cache bench
  total-max-size 256
  max-object-size 2000000
  max-age 3600
defaults
  mode http
  timeout connect 5s
  timeout client 300s
  timeout server 60s
  http-reuse always
frontend front
  bind 127.0.0.1:${port} backlog 8192 shards by-thread
  default_backend origin
backend origin
  http-request cache-use bench
  http-response cache-store bench
  server origin 127.0.0.1:${origin_port}
`
}

/** Each thread has a listener of its own, as Lacquer's workers have. */
export async function startHaproxy(setting: Setting, threads: number, core: Core): Promise<Running> {
  const port = await freePort()
  const file = join(setting.directory, `haproxy-${threads}-${core}.cfg`)
  writeFileSync(file, configuration(setting, port, threads))
  const child = start(core, 'haproxy', ['-db', '-q', '-f', file])
  await listening(port, child)
  return { child, port }
}

export const haproxy: Peer = {
  name: 'haproxy',
  installed: () => installed('haproxy'),
  start: (setting) => startHaproxy(setting, 1, SERVER_CORE),
}
