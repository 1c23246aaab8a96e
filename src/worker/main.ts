import { parentPort } from 'node:worker_threads'
import { messageOf, OperatorError } from '../base/errors.ts'
import type { OperationsLog } from '../flow/environment.ts'
import { carryOut, OrderRefused, type PurgeOrder } from '../flow/purge-order.ts'
import type { ManagerMessage, WorkerConfig, WorkerMessage } from './config.ts'
import { Worker } from './worker.ts'

/** A worker thread's entry: loads the code, serves when told what, until the manager says drain. */
if (parentPort === null) throw new Error('worker/main is started by the manager, as a thread')
const port = parentPort

const operations: OperationsLog = {
  warn: (message) => tell({ kind: 'line', level: 'warn', message }),
  error: (message) => tell({ kind: 'line', level: 'error', message }),
}

let worker: Worker | undefined

function tell(message: WorkerMessage): void {
  port.postMessage(message)
}

async function start(config: WorkerConfig): Promise<void> {
  try {
    worker = await Worker.start(config, operations)
    tell({ kind: 'ready', endpoints: worker.endpoints })
  } catch (error) {
    const text = error instanceof Error && !(error instanceof OperatorError) ? (error.stack ?? error.message) : messageOf(error)
    tell({ kind: 'failed', message: text })
    port.close()
  }
}

async function drain(deadline_ms: number): Promise<void> {
  const cut = (await worker?.drain(deadline_ms)) ?? 0
  tell({ kind: 'drained', cut })
  port.close()
}

function purge(id: number, order: PurgeOrder): void {
  try {
    if (worker === undefined) throw new Error('it does not serve yet')
    tell({ kind: 'purged', id, objects: carryOut(worker.env, order), fault: undefined })
  } catch (error) {
    tell({ kind: 'purged', id, objects: 0, fault: { message: messageOf(error), refused: error instanceof OrderRefused } })
  }
}

port.on('message', (message: ManagerMessage) => {
  switch (message.kind) {
    case 'start':
      return void start(message.config)
    case 'purge':
      return purge(message.id, message.order)
    case 'drain':
      return void drain(message.deadline_ms)
  }
})
