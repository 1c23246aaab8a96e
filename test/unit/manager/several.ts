import { parseCommandLine } from '../../../src/config/command-line.ts'
import { serve } from '../../../src/manager/serve.ts'

/** The program with several workers, also while the command line does not allow them: WORKERS says how many. */
const options = parseCommandLine(process.argv.slice(2))
if (options.command !== 'serve') throw new Error('only serve has workers')
try {
  process.exitCode = await serve({ ...options, workers: Number(process.env['WORKERS']) })
} catch (error) {
  process.stderr.write(`lacquer: ${(error as Error).message}\n`)
  process.exitCode = 1
}
