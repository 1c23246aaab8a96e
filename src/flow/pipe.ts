import type { Duplex } from 'node:stream'
import { MAIN } from '../counters/counters.ts'
import { requestHeadText } from '../http/write.ts'
import { TAG } from '../log/tags.ts'
import type { Backend, FetchFailure } from '../origin/contract.ts'
import { chooseBackend, timeoutsFor } from './backend-choice.ts'
import type { ClientTask } from './client-task.ts'
import { ContinuedBody, KeptBody } from './kept-body.ts'
import { run } from './steps.ts'

/** A tunnel: bytes go both ways unseen until both sides are done or silence lasts pipe_timeout. */
export function openPipe(task: ClientTask): void {
  const { env, connection } = task
  const backend = chooseBackend(task, task.bereq_backend)
  if (typeof backend === 'string') return fail(task, backend)
  if (task.kept_body instanceof ContinuedBody) return fail(task, 'Request body is gone')
  const connect_s = task.bereq_connect_timeout_s > 0 ? task.bereq_connect_timeout_s : NaN
  const { connect_ms } = timeoutsFor(backend.spec, env.params, connect_s, NaN, NaN)
  const { req_xid } = task
  env.origin.connect(backend, { ip: task.client_ip, server: task.server_ip }, connect_ms, (failure, socket) => {
    env.clock.refresh()
    // The client left, and the task is free or busy with another request.
    if (task.gone || task.req_xid !== req_xid) return void socket?.destroy()
    if (socket === undefined) return fail(task, describe(failure))
    task.pipe_log?.connected(backend.name, socket)
    new Pipe(task, connection.detach(), socket, backend).start()
  })
  task.log.park()
  task.pipe_log?.log.park()
}

function describe(failure: FetchFailure | undefined): string {
  return failure?.message ?? 'no connection'
}

function fail(task: ClientTask, message: string): void {
  const log = task.pipe_log?.log ?? task.log
  log.record(TAG.FetchError, message)
  run(task, task.refuse(503, 'Backend connection failed'))
}

/** Longer ones would end at once (setTimeout takes 31 bits). */
const TIMER_MAX_MS = 2 ** 31 - 1

class Pipe {
  private readonly task: ClientTask
  private readonly client: Duplex
  private readonly backend: Duplex
  private readonly to: Backend
  private readonly idle: NodeJS.Timeout | undefined
  private readonly end: NodeJS.Timeout | undefined
  private bereq_bytes = 0
  private in_bytes = 0
  private out_bytes = 0
  private closed = false

  constructor(task: ClientTask, client: Duplex, backend: Duplex, to: Backend) {
    this.task = task
    this.to = to
    this.client = client
    this.backend = backend
    const timeout_ms = task.env.params.pipe_timeout * 1000
    this.idle = timeout_ms > 0 ? setTimeout(this.onSilence, timeout_ms) : undefined
    const deadline_ms = Math.min(task.bereq_task_deadline_s * 1000, TIMER_MAX_MS)
    this.end = deadline_ms > 0 ? setTimeout(this.close, deadline_ms) : undefined
  }

  start(): void {
    const { client, backend } = this
    this.task.env.counters[MAIN.n_pipe]++
    const head = requestHeadText(this.task.bereq) + '\r\n'
    this.bereq_bytes = head.length
    backend.write(head, 'latin1')
    this.sendKept()
    this.task.pipe_log?.timestamp('Bereq')
    this.task.timestamp('Pipe')
    client.on('data', (chunk: Buffer) => {
      this.in_bytes += chunk.length
      this.idle?.refresh()
    })
    backend.on('data', (chunk: Buffer) => {
      this.out_bytes += chunk.length
      this.idle?.refresh()
    })
    client.pipe(backend)
    backend.pipe(client)
    client.on('error', this.close).on('close', this.close)
    backend.on('error', this.close).on('close', this.closeGently)
  }

  /** A body that rules have had kept is no longer in the connection. It goes as its head says. */
  private sendKept(): void {
    const { kept_body, bereq } = this.task
    if (!(kept_body instanceof KeptBody)) return
    const { content } = kept_body
    if (!bereq.fields.has('transfer-encoding')) return void this.backend.write(content)
    if (content.length > 0) {
      this.backend.write(`${content.length.toString(16)}\r\n`)
      this.backend.write(content)
      this.backend.write('\r\n')
    }
    this.backend.write('0\r\n\r\n')
  }

  /** The backend is done; what it sent still has to reach the client. */
  private readonly closeGently = (): void => {
    if (this.client.writableEnded || this.client.destroyed) this.close()
    else this.client.end(this.close)
  }

  /** What has come while this thread stood still is read behind the timers of this turn of the event loop: who has sent it was not silent. */
  private readonly onSilence = (): void => {
    const heard_bytes = this.in_bytes + this.out_bytes
    setImmediate(() => {
      if (this.in_bytes + this.out_bytes === heard_bytes) this.close()
    })
  }

  private readonly close = (): void => {
    if (this.closed) return
    this.closed = true
    clearTimeout(this.idle)
    clearTimeout(this.end)
    this.client.destroy()
    this.backend.destroy()
    const { task } = this
    const { clock, counters } = task.env
    clock.refresh()
    counters[MAIN.n_pipe]--
    if (!task.gone) this.account()
    task.finishPiped()
  }

  private account(): void {
    const { task, bereq_bytes, in_bytes, out_bytes } = this
    const { counters, origin } = task.env
    const { head_bytes } = task.connection
    counters[MAIN.s_req_hdrbytes] += head_bytes
    counters[MAIN.s_pipe_hdrbytes] += head_bytes
    counters[MAIN.s_pipe_in] += in_bytes
    counters[MAIN.s_pipe_out] += out_bytes
    origin.piped?.(this.to, bereq_bytes, in_bytes, out_bytes)
    task.timestamp('PipeSess')
    task.log.record(TAG.PipeAcct, `${head_bytes} ${bereq_bytes} ${in_bytes} ${out_bytes}`)
  }
}
