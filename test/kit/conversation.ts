import { connect } from 'node:net'
import { Client } from './client.ts'
import { OriginScript, TestOrigin } from './origin.ts'
import { Patience } from './patience.ts'
import { Transcript } from './transcript.ts'
import { Wire } from './wire.ts'

/** A script that runs beside the others. */
export interface Running {
  /** It has come to its end. */
  readonly done: boolean
  /** Waits for that; fails as the script failed. */
  end(): Promise<void>
}

interface Closable {
  close(): Promise<void> | void
}

/** `t` of a conversation: clients, origins and the cache between them. */
export class Conversation {
  readonly transcript = new Transcript()
  private readonly patience: Patience
  private readonly scripts: Script[] = []
  private readonly closables: Closable[] = []

  constructor(patience_ms?: number) {
    this.patience = new Patience(patience_ms)
  }

  /** A listener with a script. The script has to end before the conversation does, unless it goes on in `s.forever`. */
  async origin(name: string, script: (s: OriginScript) => Promise<void>): Promise<TestOrigin> {
    const origin = new TestOrigin(name, this.patience, this.transcript)
    await origin.listen()
    this.closables.push(origin)
    const speaker = new OriginScript(origin)
    this.run(
      () => script(speaker),
      () => speaker.endless,
    )
    return origin
  }

  /** A client that talks beside the others. */
  client(name: string, to: { readonly port: number }, script: (c: Client) => Promise<void>): Running {
    return this.run(async () => script(await this.connect(name, to)))
  }

  /** A client that talks in the main line of the test. */
  async connect(name: string, to: { readonly port: number }): Promise<Client> {
    const socket = connect({ port: to.port, host: '127.0.0.1', allowHalfOpen: true })
    const wire = new Wire(socket, name, this.patience, this.transcript)
    this.closables.push({ close: () => void socket.destroy() })
    await this.until(`${name} is connected`, () => !socket.connecting)
    if (wire.ending !== 'open') throw new Error(`${name} could not connect to port ${to.port}`)
    return new Client(wire)
  }

  /** To be closed when the conversation is over. */
  cache<T extends Closable>(cache: T): T {
    this.closables.push(cache)
    return cache
  }

  /** Waits for a fact. */
  async until(what: string, fact: () => boolean): Promise<void> {
    await this.patience.until(what, fact)
    this.transcript.note('', `(${what})`)
  }

  /** Runs the test's main line, waits for all scripts and closes everything. */
  async converse(script: (t: Conversation) => Promise<void>): Promise<void> {
    let failure: Error | undefined
    try {
      await script(this)
      for (const one of this.scripts) if (!one.endless) await one.end()
      if (this.patience.over !== undefined) throw this.patience.over
    } catch (error) {
      failure = this.patience.over ?? asError(error)
    }
    this.patience.end(new Error('the conversation is over'))
    for (const closable of this.closables.toReversed()) await closable.close()
    if (failure !== undefined) throw this.told(failure)
  }

  private told(failure: Error): Error {
    const error = new Error(`${failure.message}\n\n${this.transcript.toString()}\n`, { cause: failure.cause })
    error.stack = `${error.message}\n${failure.stack?.slice(failure.stack.indexOf('\n    at ')) ?? ''}`
    return error
  }

  private run(script: () => Promise<void>, endless = () => false): Running {
    const one = new Script(script, endless, (error) => this.patience.end(error))
    this.scripts.push(one)
    return one
  }
}

/** A script under way. Its failure ends the conversation, whoever waits for it. */
class Script implements Running {
  done = false
  private error: Error | undefined
  private readonly isEndless: () => boolean
  private readonly over: Promise<void>

  constructor(script: () => Promise<void>, isEndless: () => boolean, failed: (error: Error) => void) {
    this.isEndless = isEndless
    this.over = this.follow(script, failed)
  }

  get endless(): boolean {
    return this.isEndless()
  }

  async end(): Promise<void> {
    await this.over
    if (this.error !== undefined) throw this.error
  }

  private async follow(script: () => Promise<void>, failed: (error: Error) => void): Promise<void> {
    try {
      await script()
    } catch (error) {
      this.error = asError(error)
      failed(this.error)
    }
    this.done = true
  }
}

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown))
}
