import type { ClientTask } from './client-task.ts'
import { recv } from './steps/recv.ts'
import { hash, lookup } from './steps/lookup.ts'
import { hit } from './steps/hit.ts'
import { miss, pass } from './steps/fetch.ts'
import { deliver } from './steps/deliver.ts'
import { synth } from './steps/synth.ts'
import { purge } from './steps/purge.ts'
import { restart } from './steps/restart.ts'
import { pipe } from './steps/pipe.ts'
import { STEP, type Step, type StepName } from './step.ts'

export interface StepRow {
  readonly name: StepName
  /** Does the step's work and names the next. */
  readonly run: (task: ClientTask) => Step
  /** Where it may lead: the drawing in docs/ARCHITECTURE.md is made from this, and a test holds the code to it. */
  readonly next: readonly StepName[]
  readonly about: string
}

/** The journey of a client request. The order is that of STEP. */
export const STEPS: readonly StepRow[] = [
  { name: 'done', run: () => STEP.done, next: [], about: 'the response is written, the request accounted' },
  {
    name: 'wait',
    run: () => STEP.wait,
    next: ['hit', 'deliver', 'lookup', 'hash', 'synth'],
    about: 'an origin, another fetch or the client has the next word',
  },
  {
    name: 'recv',
    run: recv,
    next: ['hash', 'lookup', 'pass', 'pipe', 'synth', 'restart', 'wait', 'recv'],
    about: 'vcl_recv: what is to become of it; as far as the key where that is remembered',
  },
  { name: 'hash', run: hash, next: ['lookup', 'purge', 'synth', 'pass'], about: 'vcl_hash: the key' },
  {
    name: 'lookup',
    run: lookup,
    next: ['hit', 'miss', 'pass', 'wait', 'synth'],
    about: 'the cache: fresh, stale, busy, marked or missing',
  },
  { name: 'hit', run: hit, next: ['deliver', 'miss', 'pass', 'synth', 'restart'], about: 'vcl_hit' },
  { name: 'miss', run: miss, next: ['wait', 'pass', 'synth', 'restart'], about: 'vcl_miss: fetch into the store' },
  { name: 'pass', run: pass, next: ['wait', 'synth', 'restart'], about: 'vcl_pass: fetch around the store' },
  { name: 'deliver', run: deliver, next: ['done', 'wait', 'synth', 'restart'], about: 'vcl_deliver: the response leaves' },
  { name: 'synth', run: synth, next: ['done', 'restart'], about: 'vcl_synth: a response of our own' },
  { name: 'purge', run: purge, next: ['synth', 'restart'], about: 'take the key out, then vcl_purge' },
  { name: 'restart', run: restart, next: ['recv', 'synth'], about: 'once more from the top' },
  { name: 'pipe', run: pipe, next: ['wait', 'synth'], about: 'vcl_pipe: become a tunnel' },
]

/** Runs steps until one has to wait or the request is over. What throws ends this request, and is no concern of who woke it. */
export function run(task: ClientTask, from: Step): void {
  let step = from
  try {
    while (step > STEP.wait) step = STEPS[step].run(task)
  } catch (error) {
    task.broke(error)
  }
}

/** The same, from the middle of a step. */
export function goOn(task: ClientTask, rest: (task: ClientTask) => Step): void {
  try {
    run(task, rest(task))
  } catch (error) {
    task.broke(error)
  }
}
