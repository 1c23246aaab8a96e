import { churn } from './churn.ts'

/** The short edition of `npm run churn`, of a store in memory or in a file, for `begin.ts`. So few clients take a sixth of a core. */
const report = await churn({
  seconds: 60,
  workers: 2,
  store_mib: 16,
  file: process.argv[2] === 'file',
  // Once with, once without.
  spare: process.argv[2] !== 'file',
  clients: 6,
  death_every_s: 10,
  think_ms: 200,
  say: () => {},
})
process.send!(report, undefined, undefined, () => process.disconnect!())
