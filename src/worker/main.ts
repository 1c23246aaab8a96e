import { writeFileSync } from 'node:fs'
import { parentPort, threadName } from 'node:worker_threads'
import { messageOf, OperatorError } from '../base/errors.ts'
import type { Explanation } from '../explain/contract.ts'
import { carryOut, OrderRefused } from '../flow/purge-order.ts'
import type { Answers, ManagerMessage, Question, WorkerConfig, WorkerMessage } from './config.ts'
import { applyParameters } from './live-parameters.ts'
import { type Outside, Worker } from './worker.ts'

/** A worker thread's entry: loads the code, serves when told what, until the manager says drain. */
if (parentPort === null) throw new Error('worker/main is started by the manager, as a thread')
const port = parentPort

const operations: Outside = {
  watch: (watch) => tell({ kind: 'watch', watch }),
  warn: (message) => tell({ kind: 'line', level: 'warn', message }),
  error: (message) => tell({ kind: 'line', level: 'error', message }),
}

/** Of a rehearsal nobody is told. */
const NOBODY: Outside = { warn: () => {}, error: () => {} }

let rehearsal: Promise<Worker | undefined> = Promise.resolve(undefined)
let worker: Worker | undefined
let started: Promise<void> = Promise.resolve()

function tell(message: WorkerMessage): void {
  port.postMessage(message)
}

/** Resolves with undefined when it cannot be: that is told, and no reason not to serve. */
async function rehearse(config: WorkerConfig): Promise<Worker | undefined> {
  try {
    const one = await Worker.start(config, NOBODY)
    tell({ kind: 'rehearsing', endpoints: one.endpoints })
    return one
  } catch (error) {
    tell({ kind: 'cannot_rehearse', why: messageOf(error) })
    return undefined
  }
}

async function rest(rehearsed: Promise<Worker | undefined>): Promise<undefined> {
  try {
    await (await rehearsed)?.drain(0)
  } catch (error) {
    // What is left of it is no reason not to serve.
    operations.warn(`a rehearsal has not ended well: ${messageOf(error)}`)
  }
}

async function start(config: WorkerConfig): Promise<void> {
  bearName(`lacquer-${config.slot}`)
  try {
    worker = await Worker.start(config, operations)
    worker.rules.onOver = (rules) => tell({ kind: 'rules_over', rules })
    worker.listener.onFull = (full) => tell({ kind: 'full', full })
    tell({ kind: 'ready', endpoints: worker.endpoints, faults: worker.rules.faults })
  } catch (error) {
    const text = error instanceof Error && !(error instanceof OperatorError) ? (error.stack ?? error.message) : messageOf(error)
    tell({ kind: 'failed', message: text })
    port.close()
  }
}

/** One that was loaded before it was known whose place it would take. For those who look at threads with ps or top. */
function bearName(name: string): void {
  if (threadName === name) return
  try {
    writeFileSync('/proc/thread-self/comm', name)
  } catch {
    // Not Linux, or without /proc: it keeps the name it has.
  }
}

async function drain(deadline_ms: number): Promise<void> {
  const cut = (await worker?.drain(deadline_ms)) ?? 0
  tell({ kind: 'drained', cut })
  port.close()
}

/** What is asked while it starts is answered when it has. */
async function answer(id: number, question: Question): Promise<void> {
  await started
  try {
    if (worker === undefined) throw new Error('it could not be started')
    tell({ kind: 'answer', id, answer: await answerOf(worker, question) })
  } catch (error) {
    tell({ kind: 'fault', id, fault: { message: messageOf(error), refused: error instanceof OrderRefused } })
  }
}

function answerOf({ env, rules, following, explainer }: Worker, question: Question): Answers[keyof Answers] | Promise<Explanation> {
  if (question.kind === 'purge') return carryOut(env, question.order)
  if (question.kind === 'rules') return rules.obey(question.order)
  if (question.kind === 'explain') return explainer.explain(question.order)
  if (question.kind === 'directors') return question.rules.map((id) => rules.directors(id))
  if (question.kind === 'xids') return env.log.giveBackXids() as undefined
  return applyParameters(following, question.changed) as undefined
}

// It dies of a mistake: who still waits to be accepted is for the next one.
process.on('uncaughtExceptionMonitor', () => worker?.listener.stopAccepting())

port.on('message', (message: ManagerMessage) => {
  switch (message.kind) {
    case 'rehearse':
      rehearsal = rehearse(message.config)
      return
    case 'rest':
      rehearsal = rest(rehearsal)
      return
    case 'start':
      started = rehearsal.then(() => start(message.config))
      return
    case 'ask':
      void answer(message.id, message.question)
      return
    case 'drain':
      void drain(message.deadline_ms)
      return
    case 'stand_in':
      worker?.listener.standIn(message.slot, message.endpoints, message.bound)
      return
    case 'stand_down':
      worker?.listener.standDown(message.slot)
      return
    case 'panic':
      throw new Error('debug.panic.worker')
  }
})
