import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { codeOf, messageOf, OperatorError } from '../base/errors.ts'

/** What /healthz says: 200 only for ready, so that load balancers stop sending before we stop serving. */
export type Health = 'ready' | 'starting' | 'draining' | 'stopped'

export interface MetricsSource {
  health(): Health
  /** Body and type of /metrics. */
  metrics(): Promise<{ readonly contentType: string; readonly text: string }>
  /** Answers requests for other paths; false when it is none of its. */
  readonly others?: ((path: string, req: IncomingMessage, res: ServerResponse) => boolean) | undefined
}

export interface MetricsServer {
  readonly host: string
  /** As bound, when 0 was asked for. */
  readonly port: number
  close(): Promise<void>
}

/** Whoever asks here needs little: what takes more is a mistake or an attack. */
const LIMITS = { maxHeaderSize: 8192, keepAliveTimeout: 15_000 }
const REQUEST_MS = 5000
const CONNECTIONS_MAX = 64

/**
 * Serves `--metrics HOST:PORT`; without a host on all addresses, IPv6 and IPv4 as there are. A request that is not complete after `request_ms`
 * is ended when that is looked at next.
 */
export async function startMetricsServer(
  host: string | undefined,
  port: number,
  source: MetricsSource,
  request_ms = REQUEST_MS,
): Promise<MetricsServer> {
  const patience = { headersTimeout: request_ms, requestTimeout: request_ms, connectionsCheckingInterval: request_ms }
  const server = createServer({ ...LIMITS, ...patience }, (req, res) => void answer(req, res, source))
  server.maxConnections = CONNECTIONS_MAX
  await listen(server, host, port)
  const address = server.address() as AddressInfo
  return { host: address.address, port: address.port, close: () => close(server) }
}

async function listen(server: Server, host: string | undefined, port: number): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  server.once('error', reject)
  server.listen({ host, port, exclusive: true }, resolve)
  try {
    await promise
  } catch (error) {
    throw new OperatorError(`--metrics ${host ?? ''}:${port}: ${listenFault(error)}`, { cause: error })
  }
  server.off('error', reject)
}

function listenFault(error: unknown): string {
  switch (codeOf(error)) {
    case 'EADDRINUSE':
      return 'the port is in use'
    case 'EADDRNOTAVAIL':
      return 'this machine has no such address'
    case 'EACCES':
      return 'not permitted; ports below 1024 need CAP_NET_BIND_SERVICE'
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return 'the host name cannot be resolved'
    default:
      return messageOf(error)
  }
}

async function close(server: Server): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  server.close(() => resolve())
  server.closeAllConnections()
  await promise
}

async function answer(req: IncomingMessage, res: ServerResponse, source: MetricsSource): Promise<void> {
  const path = (req.url ?? '/').split('?', 1)[0]
  if (source.others?.(path, req, res) === true) return
  if (path !== '/metrics' && path !== '/healthz') return send(res, 404, 'there are /metrics and /healthz\n')
  if (req.method !== 'GET' && req.method !== 'HEAD') {
    res.setHeader('Allow', 'GET, HEAD')
    return send(res, 405, 'only GET and HEAD\n')
  }
  if (path === '/healthz') return health(res, source.health())
  try {
    const { contentType, text } = await source.metrics()
    send(res, 200, text, contentType)
  } catch (error) {
    send(res, 500, `metrics could not be collected: ${messageOf(error)}\n`)
  }
}

function health(res: ServerResponse, state: Health): void {
  if (state === 'ready') send(res, 200, 'ok\n')
  else send(res, 503, `${state}\n`)
}

function send(res: ServerResponse, status: number, body: string, contentType = 'text/plain; charset=utf-8'): void {
  res.writeHead(status, { 'Content-Type': contentType, 'Content-Length': Buffer.byteLength(body), 'Cache-Control': 'no-store' })
  res.end(body)
}
