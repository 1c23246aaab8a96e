import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parseCommandLine } from '../../../src/config/command-line.ts'
import { runCheck } from '../../../src/tools/check.ts'
import { formatRules } from '../../../src/vcl/format/format.ts'

const TOUR = readFileSync(new URL('../../../docs/vcl/tour.md', import.meta.url), 'utf8')

test('what the tour shows of lacquer check is what it prints', () => {
  const directory = mkdtempSync(join(tmpdir(), 'tour-'))
  try {
    const path = join(directory, 'site.vcl')
    const head = 'vcl 4.1;\n\nbackend default {\n    .host = "127.0.0.1";\n    .port = "8080";\n}\n\n'
    writeFileSync(path, `${head}sub vcl_recv {\n    set req.urk = "/";\n    set beresp.ttl = 1h;\n}\n`)
    let output = ''
    const options = parseCommandLine(['check', path])
    if (options.command !== 'check') throw new Error('not a check')
    expect(runCheck(options, (text) => (output += text))).toBe(1)
    expect(TOUR).toContain(`\`\`\`\n${output.replaceAll(path, 'site.vcl')}\`\`\`\n`)
  } finally {
    rmSync(directory, { recursive: true })
  }
})

test('its rules are in the style of lacquer fmt', () => {
  const rules = [...TOUR.matchAll(/^```vcl\n([\s\S]*?)^```$/gm)].map(([, text]) => text)
  expect(rules.length).toBeGreaterThan(4)
  for (const text of rules) expect(formatRules(text)).toBe(text)
})
