import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { installed, listening, SERVER_CORE, start } from '../processes.ts'
import { freePort } from './peer.ts'
import type { Peer, Setting } from './peer.ts'

function configuration({ origin_port, open_files }: Setting, port: number): string {
  return `
global
  nbthread 1
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
  bind 127.0.0.1:${port} backlog 8192
  default_backend origin
backend origin
  http-request cache-use bench
  http-response cache-store bench
  server origin 127.0.0.1:${origin_port}
`
}

export const haproxy: Peer = {
  name: 'haproxy',
  installed: () => installed('haproxy'),
  async start(setting) {
    const port = await freePort()
    const file = join(setting.directory, 'haproxy.cfg')
    writeFileSync(file, configuration(setting, port))
    const child = start(SERVER_CORE, 'haproxy', ['-db', '-q', '-f', file])
    await listening(port, child)
    return { child, port }
  },
}
