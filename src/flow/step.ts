/** Names of the steps of a client request, in the order of the table in steps.ts. */
export const STEP = {
  done: 0,
  wait: 1,
  recv: 2,
  hash: 3,
  lookup: 4,
  hit: 5,
  miss: 6,
  pass: 7,
  deliver: 8,
  synth: 9,
  purge: 10,
  restart: 11,
  pipe: 12,
} as const
export type StepName = keyof typeof STEP
export type Step = (typeof STEP)[StepName]
