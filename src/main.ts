import { readFileSync } from 'node:fs'
import { messageOf, OperatorError, outOfFiles } from './base/errors.ts'
import { parseCommandLine } from './config/command-line.ts'

/** Which program? Nothing else. */
async function main(argv: readonly string[]): Promise<number> {
  const options = parseCommandLine(argv)
  if (options.command === 'print') {
    process.stdout.write(options.text)
    return 0
  }
  if (options.command === 'check') {
    const { runCheck } = await import('./tools/check.ts')
    return runCheck(options, (text) => process.stdout.write(text))
  }
  if (options.command === 'fmt') {
    const { runFormat } = await import('./tools/fmt.ts')
    const { stdout, stderr } = process
    const out = (text: string | Buffer): void => void stdout.write(text)
    return runFormat(options, { out, complain: (text) => void stderr.write(text), stdin: () => readFileSync(0) })
  }
  if (options.command === 'test') {
    const { runTests } = await import('./ruletest/main.ts')
    const { stdout } = process
    return runTests(options, { write: (text) => stdout.write(text), colours: stdout.isTTY && process.env.NO_COLOR === undefined })
  }
  if (options.command === 'adm') {
    const { runAdm } = await import('./tools/adm.ts')
    return runAdm(options, { input: process.stdin, output: process.stdout, errors: process.stderr })
  }
  if (options.command === 'tool') {
    const { runTool } = await import('./tools/tool.ts')
    return runTool(options, (text) => process.stdout.write(text))
  }
  if (options.command === 'explain') {
    const { runExplain } = await import('./tools/explain.ts')
    return runExplain(options, { output: process.stdout, errors: process.stderr })
  }
  const { serve } = await import('./manager/serve.ts')
  return serve(options)
}

function complaint(error: unknown): string {
  if (error instanceof OperatorError) return error.message
  const remedy = outOfFiles(error)
  if (remedy !== undefined) return `${messageOf(error)}; ${remedy}`
  return `unexpected: ${error instanceof Error ? (error.stack ?? error.message) : messageOf(error)}`
}

// Whoever read our lines has gone: no reason to stop serving.
process.stdout.on('error', () => {})
process.stderr.on('error', () => {})

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  process.stderr.write(`lacquer: ${complaint(error)}\n`)
  // To whoever runs tests, 1 says that some have failed; varnishd says 2.
  process.exitCode = process.argv[2] === 'test' || process.argv[2] === 'varnishd' ? 2 : 1
}
