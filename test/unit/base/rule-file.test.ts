import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readFault } from '../../../src/base/errors.ts'
import { readRuleFile, RULE_BYTES_MAX } from '../../../src/base/rule-file.ts'

let directory = ''
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'rule-file-'))
})
afterAll(() => {
  rmSync(directory, { recursive: true })
})

function outcome(path: string): string {
  try {
    return readRuleFile(path)
  } catch (error) {
    return `fault: ${readFault(error)}`
  }
}

test('bytes are kept, whatever they are', () => {
  const path = join(directory, 'bytes')
  const bytes = Buffer.from(Array.from({ length: 200_000 }, (_, i) => (i * 7) & 0xff))
  writeFileSync(path, bytes)
  expect(outcome(path)).toBe(bytes.toString('latin1'))
})

test('what is no rule file is a fault: nothing is waited for, and no more is read than rules may have', () => {
  const [large, pipe] = [join(directory, 'large'), join(directory, 'pipe')]
  writeFileSync(large, '')
  truncateSync(large, RULE_BYTES_MAX)
  expect(outcome(large)).toHaveLength(RULE_BYTES_MAX)
  truncateSync(large, RULE_BYTES_MAX + 1)
  expect(outcome(large)).toBe('fault: is larger than 8 MiB')
  execFileSync('mkfifo', [pipe])
  expect(outcome(pipe)).toBe('fault: is a pipe')
  // Another reader waits there for the kernel's next line, or is not let in.
  if (existsSync('/proc/kmsg')) expect(outcome('/proc/kmsg')).toMatch(/^fault: /)
  expect(outcome('/dev/zero')).toBe('fault: is larger than 8 MiB')
  expect(outcome('/dev/null')).toBe('')
  expect(outcome(directory)).toBe('fault: is a directory')
  expect(outcome(join(directory, 'nope'))).toBe('fault: there is no such file')
})
