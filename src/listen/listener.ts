import { closeSync } from 'node:fs'
import type { Server } from 'node:net'
import { codeOf } from '../base/errors.ts'
import { formatEndpoint, type Endpoint } from './address.ts'
import { bindError, tryBind } from './bind.ts'
import type { Door } from './facts.ts'
import { Http1Connection, type ConnectionOwner } from './http1.ts'
import type { Http1Context } from './http1-context.ts'
import { serverFor, type Accept, type ReadPath } from './read-path.ts'
import type { Transport } from './transport.ts'
import { applyUnixMode, clearUnixSocket } from './unix-socket.ts'

/** How often another port is chosen in place of one that was taken. */
const PORT_TRIES = 5

/** Who has been full and has this part of its connections at most has room again: not each end of one is told. */
const ROOM_AGAIN = 0.9

/**
 * All that a worker listens on. To put it together:
 *
 *   manager:  const endpoints = await bindEndpoints(parseListen(['a0=:6081', '[::1]:80,PROXY']))   // plain data, goes to workers
 *   worker:   const context = new Http1Context({ flow, observer, clock, limits, turns, nextXid })
 *             const listener = new Listener(context, await chooseReadPath('auto'))
 *             await listener.listen(endpoints)
 *             ...
 *             await listener.drain(shutdown_timeout_ms)
 */
export class Listener implements ConnectionOwner {
  readonly readPath: ReadPath
  private readonly context: Http1Context
  private readonly servers: Server[] = []
  /** Where others would listen that are away, by their numbers. */
  private readonly stood_in = new Map<number, readonly Server[]>()
  private readonly connections = new Set<Http1Connection>()
  private whenEmpty: (() => void) | undefined = undefined
  /** It has as many connections as it may have, and since then not many fewer. */
  private full = false
  /** Is told when that changes. */
  onFull: (full: boolean) => void = () => {}

  constructor(context: Http1Context, readPath: ReadPath) {
    this.context = context
    this.readPath = readPath
  }

  /** Connections open now, pipes included. */
  get open(): number {
    return this.connections.size
  }

  /**
   * Resolves with what it listens on: in place of a chosen port that somebody took since it was chosen stands another.
   * `shared`: other workers listen there, too (SO_REUSEPORT). A worker alone keeps the port to itself. A unix socket is one
   * worker's. `bound`: descriptors, from now on ours, that are bound already; one for each endpoint, or none.
   */
  async listen(endpoints: readonly Endpoint[], shared = false, bound: readonly (number | undefined)[] = []): Promise<Endpoint[]> {
    this.context.sweep.start()
    const open: Endpoint[] = []
    for (const [i, endpoint] of endpoints.entries()) open.push(await this.listenOn(endpoint, shared, PORT_TRIES, bound[i]))
    return open
  }

  private async listenOn(endpoint: Endpoint, shared: boolean, tries: number, fd?: number): Promise<Endpoint> {
    try {
      await this.openDoor(endpoint, shared, fd)
      return endpoint
    } catch (error) {
      if (tries <= 1 || codeOf(error) !== 'EADDRINUSE') throw bindError(endpoint.text, error)
      if (endpoint.path !== undefined) {
        // Perhaps of the worker before us, who died with it.
        await clearUnixSocket(endpoint.path)
        return this.listenOn(endpoint, shared, 1)
      }
      if (!endpoint.any_port) throw bindError(endpoint.text, error)
      const port = await tryBind(endpoint.host, 0)
      return this.listenOn({ ...endpoint, port, text: formatEndpoint(endpoint.host, port) }, shared, tries - 1)
    }
  }

  /**
   * Listens in another worker's stead, too, on descriptors that from now on are ours, so that who waits there is accepted. Where there
   * is none nobody waits.
   */
  standIn(slot: number, endpoints: readonly Endpoint[], bound: readonly (number | undefined)[]): void {
    this.standDown(slot)
    if (this.full) return closeAll(bound)
    const opened = endpoints.flatMap((endpoint, i) => {
      const fd = bound[i]
      if (fd === undefined) return []
      const server = this.newServer(endpoint).on('error', (error) => this.context.observer.acceptFailed(endpoint.name, error))
      return [server.listen({ fd }, this.context.limits.listen_depth)]
    })
    this.stood_in.set(slot, opened)
  }

  /** It is back. Connections that were accepted stay ours, and who is still to be accepted waits for it. */
  standDown(slot: number): void {
    for (const server of this.stood_in.get(slot) ?? []) server.close()
    this.stood_in.delete(slot)
  }

  private newServer(endpoint: Endpoint): Server {
    const door: Door = { socket_name: endpoint.name, endpoint: endpoint.text, proxy: endpoint.proxy }
    return serverFor(this.readPath, this.acceptFor(door))
  }

  private openDoor(endpoint: Endpoint, shared: boolean, fd: number | undefined): Promise<void> {
    const { context } = this
    const server = this.newServer(endpoint)
    return new Promise((resolve, reject) => {
      server.once('error', reject)
      server.once('listening', () => {
        server.removeAllListeners('error').on('error', (error) => context.observer.acceptFailed(endpoint.name, error))
        if (endpoint.path !== undefined && fd === undefined) applyUnixMode(endpoint.path, endpoint)
        this.servers.push(server)
        resolve()
      })
      const backlog = context.limits.listen_depth
      if (fd !== undefined) server.listen({ fd }, backlog)
      else if (endpoint.path !== undefined) server.listen({ path: endpoint.path, backlog })
      else server.listen({ host: endpoint.host, port: endpoint.port, backlog, reusePort: shared, exclusive: true })
    })
  }

  private acceptFor(door: Door): Accept {
    const { context } = this
    const { observer } = context
    return {
      wanted: () => {
        if (this.connections.size < context.limits.max_connections && !context.draining) return true
        // It has been lowered.
        if (!this.full && !context.draining) this.fills()
        observer.dropped(door.socket_name)
        return false
      },
      accepted: (transport: Transport) => {
        context.clock.refresh()
        this.connections.add(new Http1Connection(context, transport, door, this))
        if (this.connections.size >= context.limits.max_connections && !this.full) this.fills()
      },
      failed: (error) => observer.acceptFailed(door.socket_name, error),
    }
  }

  connectionClosed(connection: Http1Connection): void {
    this.connections.delete(connection)
    if (this.full && this.connections.size <= this.context.limits.max_connections * ROOM_AGAIN) this.onFull((this.full = false))
    if (this.connections.size === 0) this.whenEmpty?.()
  }

  /** No new connections; those there are go on. */
  stopAccepting(): void {
    for (const server of this.servers) server.close()
    this.servers.length = 0
    this.standDownForAll()
  }

  private standDownForAll(): void {
    for (const slot of this.stood_in.keys()) this.standDown(slot)
  }

  /** Who comes to its own doors now is dropped; who comes to another's can wait for that one. */
  private fills(): void {
    this.full = true
    this.standDownForAll()
    this.onFull(true)
  }

  /** Closes connections that wait for a request. */
  closeIdle(): void {
    for (const connection of this.connections) connection.closeIdle()
  }

  /** The end: no new connections, no new requests, those under way are finished or cut at the deadline. Returns how many were cut. */
  async drain(deadline_ms: number): Promise<number> {
    // What was received before is answered as if there were no turns.
    for (const connection of this.connections) connection.share.hurry()
    this.context.draining = true
    this.stopAccepting()
    this.closeIdle()
    if (this.connections.size > 0) await this.emptied(deadline_ms)
    const cut = this.connections.size
    for (const connection of this.connections) connection.destroy('SHUTDOWN')
    this.context.sweep.stop()
    return cut
  }

  private emptied(deadline_ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, deadline_ms)
      this.whenEmpty = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }
}

function closeAll(descriptors: readonly (number | undefined)[]): void {
  for (const fd of descriptors) if (fd !== undefined) closeSync(fd)
}
