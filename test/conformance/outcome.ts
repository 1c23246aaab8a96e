/** What became of a test; the same rules as the package's lib/display.mjs, by which published scores are made. */
export const OUTCOME = {
  pass: 'passed',
  fail: 'failed',
  /** The exchange itself went wrong before the behaviour under test could show. */
  setup: 'setup failed',
  /** A test it builds on did not pass. */
  dependency: 'not judged: depends on',
  retry: 'retried by the proxy',
  untested: 'not run',
  /** It asks for something else than the RFC: exceptions.ts says why. */
  excepted: 'excepted:',
} as const
export type Outcome = (typeof OUTCOME)[keyof typeof OUTCOME]
