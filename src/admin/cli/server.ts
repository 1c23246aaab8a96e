import { chmodSync, renameSync, rmSync } from 'node:fs'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { once } from 'node:events'
import type { Readable, Writable } from 'node:stream'
import type { Clock } from '../../base/clock.ts'
import { codeOf, messageOf, OperatorError } from '../../base/errors.ts'
import type { HostPort } from '../../config/addresses.ts'
import { formatEndpoint } from '../../listen/address.ts'
import { Failures } from '../failures.ts'
import type { Program } from '../program.ts'
import { isResponse, newChallenge, readSecret } from './secret.ts'
import { type Authority, type Peer, Session } from './session.ts'

/** Connections at once; strangers make room for others. */
const CONNECTIONS_MAX = 50
/** How long somebody may take to say who he is. */
const STRANGER_MS = 10_000
/** Answers that a client has not taken: it is asked for no more commands until it has. */
const UNSENT_MAX = 2 ** 20
const OWNER_ONLY = 0o600
const RETRY_MIN_MS = 100
const RETRY_STEP_MS = 1000
const RETRY_MAX_MS = 10_000

export interface CliServerParts {
  readonly program: Program
  /** -S; undefined: nobody is asked who he is. */
  readonly secret: string | undefined
  readonly clock: Clock
  readonly limit: () => number
  readonly tell: (level: 'info' | 'warn', message: string) => void
}

/** The admin protocol over TCP: it listens (-T), and it calls (-M). */
export class CliServer {
  private readonly parts: CliServerParts
  private readonly failures: Failures
  private readonly sessions = new Map<Socket, Session>()
  private readonly servers: Server[] = []
  private closing = false
  /** Whom -M calls has not answered, which has been told. */
  private missed = false
  /** Somebody was turned away, which has been told. */
  private crowded = false

  /** Throws an OperatorError when the secret cannot be read. */
  constructor(parts: CliServerParts) {
    this.parts = parts
    this.failures = new Failures(parts.clock)
    if (parts.secret !== undefined) readSecret(parts.secret)
  }

  /** Resolves with where it listens. */
  async listen({ host, port }: HostPort): Promise<{ readonly host: string; readonly port: number }> {
    const server = createServer((socket) => this.accept(socket))
    server.listen({ port, host: host ?? 'localhost' })
    try {
      await once(server, 'listening')
    } catch (error) {
      throw new OperatorError(`-T: cannot listen there: ${messageOf(error)}`)
    }
    server.on('error', (error) => this.parts.tell('warn', `admin port: ${messageOf(error)}`))
    this.servers.push(server)
    const { address, port: taken } = server.address() as AddressInfo
    return { host: address, port: taken }
  }

  /** For the owner of the process, and root, who need no secret: the file's mode keeps others out. */
  async listenLocal(path: string): Promise<void> {
    const server = createServer((socket) => {
      socket.on('error', () => {})
      if (this.hasRoom()) this.serve(socket, true)
      else socket.destroy()
    })
    // It has another name until nobody else can open it.
    const making = `${path}.new`
    rmSync(making, { force: true })
    server.listen({ path: making })
    await once(server, 'listening')
    chmodSync(making, OWNER_ONLY)
    renameSync(making, path)
    server.on('error', (error) => this.parts.tell('warn', `${path}: ${messageOf(error)}`))
    this.servers.push(server)
  }

  /** -d: whoever has started us may give commands. `onEnd`: no more will come. */
  converse(input: Readable, output: Writable, onEnd: () => void): void {
    const { program, limit } = this.parts
    const session = new Session({
      program,
      limit,
      authority: undefined,
      peer: {
        write: (text) => {
          output.write(text, 'latin1')
          return true
        },
        end: onEnd,
        pause: () => void input.pause(),
        resume: () => void input.resume(),
      },
    })
    input.on('data', (data: Buffer) => session.take(data.toString('latin1')))
    input.once('end', onEnd)
    input.once('error', onEnd)
    session.greet()
  }

  /** Calls whoever wants to give commands, again and again. */
  call({ host, port }: HostPort, after_ms = 0, wait_ms = RETRY_MIN_MS): void {
    const again = setTimeout(() => {
      if (this.closing) return
      const socket = connect({ host: host ?? 'localhost', port })
      let wait = wait_ms
      let reached = false
      socket.once('connect', () => {
        reached = true
        wait = RETRY_MIN_MS
        this.missed = false
        this.serve(socket)
      })
      socket.on('error', (error) => {
        if (!reached) this.miss(formatEndpoint(host ?? 'localhost', port), error)
      })
      socket.once('close', () => this.call({ host, port }, wait, Math.min(wait + RETRY_STEP_MS, RETRY_MAX_MS)))
    }, after_ms)
    again.unref()
  }

  /** Told once, until somebody answers. */
  private miss(where: string, error: Error): void {
    if (this.missed || this.closing) return
    this.missed = true
    this.parts.tell('warn', `-M ${where}: nobody takes the call (${codeOf(error) ?? messageOf(error)}); it is tried again and again`)
  }

  close(): void {
    this.closing = true
    for (const server of this.servers) server.close()
    for (const socket of this.sessions.keys()) socket.destroy()
  }

  private accept(socket: Socket): void {
    socket.on('error', () => {})
    const address = socket.remoteAddress ?? ''
    if (this.parts.secret !== undefined && this.failures.waitOf(address) > 0) return void socket.destroy()
    if (!this.hasRoom()) return void socket.destroy()
    this.serve(socket)
  }

  /** Told once, until there is room again: who cannot come in cannot be told why. */
  private hasRoom(): boolean {
    if (this.sessions.size < CONNECTIONS_MAX || this.makeRoom()) {
      this.crowded = false
      return true
    }
    if (!this.crowded)
      this.parts.tell('warn', `admin port: all ${CONNECTIONS_MAX} connections are in use, and another is turned away: who keeps them open?`)
    this.crowded = true
    return false
  }

  /** The oldest stranger goes. */
  private makeRoom(): boolean {
    for (const [socket, { authenticated }] of this.sessions) {
      if (authenticated) continue
      this.sessions.delete(socket)
      socket.destroy()
      return true
    }
    return false
  }

  private serve(socket: Socket, trusted = false): void {
    const { program, limit, tell } = this.parts
    const address = socket.remoteAddress ?? ''
    const stranger = setTimeout(() => socket.destroy(), STRANGER_MS).unref()
    const session: Session = new Session({
      program,
      limit,
      peer: peerOf(socket, () => session.drained()),
      authority: trusted ? undefined : this.authority(),
      onAuthenticated: () => clearTimeout(stranger),
      onFailed: () => {
        this.failures.failed(address)
        tell('warn', `admin port: a wrong answer to the challenge, from ${address} port ${socket.remotePort ?? 0}`)
      },
    })
    if (session.authenticated) clearTimeout(stranger)
    this.sessions.set(socket, session)
    socket.setNoDelay().setKeepAlive(true)
    socket.on('data', (data) => session.take(data.toString('latin1')))
    socket.once('close', () => {
      clearTimeout(stranger)
      session.gone()
      this.sessions.delete(socket)
    })
    session.greet()
  }

  /** The file is read each time: a new secret holds at once. */
  private authority(): Authority | undefined {
    const { secret } = this.parts
    if (secret === undefined) return undefined
    return {
      newChallenge,
      admits: (response, challenge) => {
        try {
          return isResponse(response, challenge, readSecret(secret))
        } catch (error) {
          this.parts.tell('warn', messageOf(error))
          return false
        }
      },
    }
  }
}

function peerOf(socket: Socket, drained: () => void): Peer {
  let asked = true
  const flow = (): void => {
    if (asked && socket.writableLength < UNSENT_MAX) socket.resume()
    else socket.pause()
  }
  socket.on('drain', () => {
    flow()
    drained()
  })
  return {
    write: (text) => {
      socket.write(text, 'latin1')
      flow()
      return socket.writableLength < UNSENT_MAX
    },
    end: () => void socket.end(),
    pause: () => {
      asked = false
      flow()
    },
    resume: () => {
      asked = true
      flow()
    },
  }
}
