import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createServer } from 'node:tls'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Attempt, requestOf } from '../../../../src/upkeep/health/attempt.ts'
import type { ProbeOutcome } from '../../../../src/upkeep/health/window.ts'
import { Dialler } from '../../../../src/origin/dial.ts'
import { compile } from '../../../kit/fake-context.ts'
import { specOf } from '../../origin/kit.ts'

const directory = mkdtempSync(join(tmpdir(), 'lacquer-probe-tls-'))
let [key, cert] = ['', '']

beforeAll(() => {
  const out = (name: string): string => join(directory, name)
  const new_key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '1', '-subj', '/CN=origin']
  const names = ['-addext', 'subjectAltName=DNS:origin.test', '-keyout', out('key.pem'), '-out', out('cert.pem')]
  execFileSync('openssl', ['req', '-x509', ...new_key, ...names], { stdio: 'ignore' })
  key = readFileSync(out('key.pem'), 'utf8')
  cert = readFileSync(out('cert.pem'), 'utf8')
})

afterAll(() => rmSync(directory, { recursive: true }))

/** A probe of a server that speaks TLS, by somebody who trusts that certificate, or none but the usual. */
async function probed(tls_ca: string | undefined): Promise<ProbeOutcome> {
  const server = createServer({ key, cert }, (socket) => {
    socket.on('error', () => {}).on('data', () => socket.end('HTTP/1.1 200 OK\r\n\r\n'))
  }).listen(0, '127.0.0.1')
  server.on('tlsClientError', () => {})
  await once(server, 'listening')
  const spec = specOf((server.address() as AddressInfo).port, { tls: true, host_header: 'origin.test' })
  const compiled = compile('backend x { .host = "h"; .probe = { } } sub vcl_recv { set req.backend_hint = x; }')
  if (!compiled.ok) throw new Error(compiled.text)
  const probe = compiled.program.backends[1].probe!
  try {
    return await new Promise((resolve) => {
      const dialler = new Dialler(spec, { lookup: () => {}, tls_verify: true, tls_ca })
      new Attempt(probe, spec, requestOf(probe, spec), resolve).start(dialler)
    })
  } finally {
    server.close()
  }
}

test('over TLS, with a certificate that is trusted', async () => {
  expect(await probed(cert)).toMatchObject({ family: '4', sent: true, received: true, happy: true, text: 'HTTP/1.1 200 OK' })
})

test('a certificate that is not trusted is no connection, and the reason is told', async () => {
  const outcome = await probed(undefined)
  expect(outcome).toMatchObject({ family: undefined, happy: false, took_s: 0 })
  expect(outcome.text).toMatch(/^Open error \(.*self-signed certificate/)
})
