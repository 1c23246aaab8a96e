import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { parseCommandLine } from '../../../src/config/command-line.ts'
import { defaultParameters } from '../../../src/config/parameters.ts'

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
