import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { parseCommandLine } from '../../../src/config/command-line.ts'
import { defaultParameters } from '../../../src/config/parameters.ts'
import { placesFor } from '../../../src/shm/vsm/places.ts'
import { parseOptions } from '../../../src/tools/options/parse.ts'
import { TOOLS } from '../../../src/tools/options/tools.ts'

/** The command lines that we hand out are ones that we accept. */
function read(name: string): string {
  return readFileSync(new URL(`../../../${name}`, import.meta.url), 'utf8')
}

test('the Dockerfile serves where it says, with the port that its health check asks', () => {
  const dockerfile = read('Dockerfile')
  const command = JSON.parse(/^CMD (\[.*\])$/m.exec(dockerfile)?.[1] ?? '[]') as string[]
  expect(parseCommandLine(command)).toMatchObject({ command: 'serve', listen: [':6081'], metrics: { host: undefined, port: 9131 } })
  expect(dockerfile).toMatch(/^EXPOSE 6081 9131$/m)
  expect(dockerfile).toContain('http://127.0.0.1:9131/healthz')
  expect(dockerfile).toMatch(/^USER node$/m)
})

test('the systemd unit checks the rules that it serves, and waits for requests in flight', () => {
  const unit = read('docs/lacquer.service')
  const [check, serve] = [...unit.matchAll(/^ExecStart(?:Pre)?=\/opt\/lacquer\/bin\/lacquer (.*)$/gm)].map(([, line]) =>
    parseCommandLine(line.split(' ')),
  )
  expect(check).toMatchObject({ command: 'check', files: ['/etc/lacquer/default.vcl'] })
  expect(serve).toMatchObject({ command: 'serve', vclFile: '/etc/lacquer/default.vcl' })
  const [, stop_s] = /^TimeoutStopSec=(\d+)s$/m.exec(unit) ?? []
  expect(Number(stop_s)).toBeGreaterThan(defaultParameters().shutdown_timeout)
})

test('the systemd unit of the access log waits for the server, and rotates the file that it writes', () => {
  const unit = read('docs/lacquer-ncsa.service')
  const [, name, line] = /^ExecStart=\/opt\/lacquer\/bin\/lacquer (\w+) (.*)$/m.exec(unit) ?? []
  const tool = TOOLS.find((one) => one.name === name)
  if (tool === undefined) throw new Error(`there is no tool ${name}`)
  const given = parseOptions(tool, line.split(' '))
  const file = given.last('w')
  expect([given.last('t'), given.has('a'), given.has('D')]).toEqual(['off', true, false])
  expect(unit).toContain(`#   ${file} {\n`)
  expect(unit).toMatch(/^ExecReload=.*-HUP/m)
  expect(unit).toMatch(/^#\s+systemctl reload lacquer-ncsa$/m)
  const server = read('docs/lacquer.service')
  for (const key of ['User', 'Group']) expect(setting(unit, key)).toBe(setting(server, key))
  // What systemd tells the server by that setting.
  const surroundings = { uid: 999, environment: { RUNTIME_DIRECTORY: `/run/${setting(server, 'RuntimeDirectory')}` } }
  expect(given.last('n')).toBe(placesFor(undefined, surroundings)[0])
})

function setting(unit: string, key: string): string | undefined {
  return new RegExp(`^${key}=(.*)$`, 'm').exec(unit)?.[1]
}
