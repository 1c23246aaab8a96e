import { expect, test } from 'vitest'
import { asLaunched } from '../../kit/launched.ts'

test('a server is measured with the options for V8 that bin/lacquer gives, and with what was compiled before', () => {
  const { execArgv, env } = asLaunched()
  expect(execArgv).toEqual([expect.stringMatching(/^--v8-pool-size=[1-4]$/), '--heap-growing-percent=100'])
  expect(env.NODE_COMPILE_CACHE).toMatch(/\.cache$/)
})
