import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parseCommandLine, type ServeOptions } from '../../../src/config/command-line.ts'
import { checkRules, sourceFromFile, traceRules } from '../../../src/manager/rules.ts'

test('rules that are told of are those that were loaded, in their order, whatever has become of the files', () => {
  const directory = mkdtempSync(join(tmpdir(), 'lacquer-traced-'))
  const main = join(directory, 'main.vcl')
  writeFileSync(main, 'vcl 4.1;\ninclude "b.vcl";\ninclude +glob "./[ab].vcl";\nbackend default none;\n')
  for (const name of ['a', 'b']) writeFileSync(join(directory, `${name}.vcl`), `sub vcl_recv { set req.http.x = "${name}"; }\n`)
  const options = parseCommandLine(['serve', '-f', main, '-p', `vcl_path=${directory}`]) as ServeOptions
  const rules = checkRules(sourceFromFile(main, ''), options)
  rmSync(directory, { recursive: true })
  options.parameters.vcl_path = '/nowhere'
  const told = (traceRules(rules, options).trace ?? []).filter(({ builtin }) => !builtin).map(({ text }) => /"(.)"/.exec(text)?.[1])
  expect(told).toEqual(['b', 'a', 'b'])
})
