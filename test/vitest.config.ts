import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

// Threads and processes that tests start load src/ from here, stripped and compiled: a third of the time.
process.env['NODE_COMPILE_CACHE'] ??= fileURLToPath(new URL('../node_modules/.cache/node', import.meta.url))

export default defineConfig({ test: { include: ['test/**/*.test.ts'], testTimeout: 20_000, pool: 'forks', maxWorkers: 2 } })
