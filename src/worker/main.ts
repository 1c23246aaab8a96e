import { parentPort, workerData } from 'node:worker_threads'
import { messageOf } from '../base/errors.ts'
import type { ManagerMessage, WorkerConfig, WorkerMessage } from './config.ts'
import { Worker } from './worker.ts'

/** A worker thread's entry: serves until the manager says drain. */
const port = parentPort
if (port === null) throw new Error('worker/main is started by the manager, as a thread')

function tell(message: WorkerMessage): void {
  port?.postMessage(message)
}

try {
  const worker = await Worker.start(workerData as WorkerConfig, {
    warn: (message) => tell({ kind: 'line', level: 'warn', message }),
    error: (message) => tell({ kind: 'line', level: 'error', message }),
  })
  port.on('message', (message: ManagerMessage) => {
    if (message.kind === 'drain') void drain(worker, message.deadline_ms)
  })
  tell({ kind: 'ready', readPath: worker.listener.readPath })
} catch (error) {
  tell({ kind: 'failed', message: messageOf(error) })
  port.close()
}

async function drain(worker: Worker, deadline_ms: number): Promise<void> {
  const cut = await worker.drain(deadline_ms)
  tell({ kind: 'drained', cut })
  port?.close()
}
