import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { installed, listening, SERVER_CORE, start } from '../processes.ts'
import { freePort } from './peer.ts'
import type { Peer, Running, Setting } from './peer.ts'

function configuration({ origin_port, directory, open_files }: Setting, port: number, more: string): string {
  // A worker that root starts would otherwise drop to a user who cannot read the directory.
  const user = process.getuid?.() === 0 ? 'user root;' : ''
  const scratch = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${directory}/${name};`)
  return `
${user} worker_processes 1; daemon off; pid ${directory}/nginx.pid; error_log ${directory}/error.log crit; worker_rlimit_nofile ${open_files};
events { worker_connections ${open_files}; multi_accept on; }
http {
  access_log off; sendfile on; tcp_nodelay on; keepalive_timeout 300s; keepalive_requests 100000000;
  ${scratch.join(' ')}
  ${more}
  proxy_cache_path ${directory}/cache levels=1:2 keys_zone=bench:64m max_size=256m inactive=60m use_temp_path=off;
  upstream origin { server 127.0.0.1:${origin_port}; keepalive 256; keepalive_requests 100000000; }
  server {
    listen 127.0.0.1:${port} backlog=8192;
    location / {
      proxy_pass http://origin; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $host;
      proxy_cache bench; proxy_cache_lock on; proxy_cache_valid 200 60m;
    }
  }
}`
}

async function startNginx(setting: Setting, name: string, more: string): Promise<Running> {
  const port = await freePort()
  const directory = join(setting.directory, name)
  mkdirSync(join(directory, 'cache'), { recursive: true })
  const file = join(directory, 'nginx.conf')
  writeFileSync(file, configuration({ ...setting, directory }, port, more))
  const child = start(SERVER_CORE, 'nginx', ['-p', directory, '-c', file, '-e', join(directory, 'error.log')])
  await listening(port, child)
  return { child, port }
}

export const nginx: Peer = {
  name: 'nginx',
  installed: () => installed('nginx'),
  start: (setting) => startNginx(setting, 'nginx', ''),
}

/** With open_file_cache, which is off by default: a hit then opens no file. */
export const nginxFiles: Peer = {
  name: 'nginx-files',
  installed: () => installed('nginx'),
  start: (setting) => startNginx(setting, 'nginx-files', 'open_file_cache max=20000 inactive=300s;'),
}
