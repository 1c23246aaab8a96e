import type { Duplex } from 'node:stream'
import type { Socket } from 'node:net'
import { TAG } from '../log/tags.ts'
import type { Transaction } from '../log/writer.ts'
import { descriptorOf } from '../origin/descriptor.ts'
import type { ClientTask } from './client-task.ts'
import { logRequestHead } from './fetch-log.ts'

/** The request that a pipe sends is a transaction of its own, a child of the client's. */
export class PipeLog {
  readonly log: Transaction
  private readonly task: ClientTask
  private readonly start_ms: number
  private last_ms: number
  private backend = ''
  private descriptor = ''

  constructor(task: ClientTask) {
    const { env } = task
    const xid = env.log.nextXid()
    this.task = task
    this.log = env.log.open(xid, 'backend')
    this.start_ms = this.last_ms = env.clock.wall_ms
    task.log.link('bereq', xid, 'pipe')
    this.log.begin('bereq', task.req_xid, 'pipe')
    this.log.timestamp('Start', this.start_ms, 0, 0)
    logRequestHead(this.log, task.bereq)
  }

  timestamp(label: string): void {
    const now_ms = this.task.env.clock.wall_ms
    this.log.timestamp(label, now_ms, now_ms - this.start_ms, now_ms - this.last_ms)
    this.last_ms = now_ms
  }

  connected(backend: string, socket: Duplex): void {
    const { remoteAddress, remotePort, localAddress, localPort } = socket as Socket
    this.backend = backend
    this.descriptor = descriptorOf(socket)
    this.timestamp('Connected')
    const remote = `${remoteAddress ?? '0.0.0.0'} ${remotePort ?? 0}`
    this.log.record(TAG.BackendOpen, `${this.descriptor} ${backend} ${remote} ${localAddress ?? '0.0.0.0'} ${localPort ?? 0} connect`)
  }

  end(): void {
    if (this.backend !== '') this.log.record(TAG.BackendClose, `${this.descriptor} ${this.backend} close Piped transaction`)
    this.log.account(TAG.BereqAcct, 0, 0, 0, 0)
    this.log.end()
  }
}
