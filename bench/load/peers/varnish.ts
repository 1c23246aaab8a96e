import { join } from 'node:path'
import { installed, listening, SERVER_CORE, start } from '../processes.ts'
import { freePort } from './peer.ts'
import type { Peer } from './peer.ts'

export const varnish: Peer = {
  name: 'varnish',
  installed: () => installed('varnishd'),
  async start({ origin_port, directory }) {
    const port = await freePort()
    const parameters = ['thread_pools=1', 'timeout_idle=300', 'backend_idle_timeout=60', 'listen_depth=8192']
    const arguments_ = ['-F', '-a', `127.0.0.1:${port}`, '-b', `127.0.0.1:${origin_port}`, '-s', 'malloc,256M', '-T', 'none']
    arguments_.push('-j', 'none', '-n', join(directory, 'varnish'), ...parameters.flatMap((one) => ['-p', one]))
    const child = start(SERVER_CORE, 'varnishd', arguments_)
    await listening(port, child, 20_000)
    return { child, port }
  },
}
