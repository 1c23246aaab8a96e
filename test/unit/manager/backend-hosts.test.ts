import { expect, test } from 'vitest'
import { hostsOf, tellUnresolved } from '../../../src/manager/backend-hosts.ts'
import { backendVcl, compileVcl } from '../../../src/vcl/load.ts'

function hosts(spec: string) {
  const compiled = compileVcl(backendVcl(spec), { path: 'x', policy: 'rfc9111', vcl_path: [] })
  if (!compiled.ok) throw new Error(compiled.text)
  return hostsOf(compiled.program.backends)
}

test('names are looked up, addresses and sockets are not', () => {
  expect(hosts('app.example:8080')).toEqual([{ backend: 'default', host: 'app.example' }])
  expect([...hosts('127.0.0.1:1'), ...hosts('[::1]:1'), ...hosts('/run/app.sock')]).toEqual([])
})

test('a name that cannot be resolved is a line, one that can is none', async () => {
  const lines: string[] = []
  const resolve = async (host: string) => {
    if (host === 'nowhere.example') throw Object.assign(new Error('getaddrinfo'), { code: 'ENOTFOUND' })
  }
  const both = [...hosts('nowhere.example:80'), ...hosts('app.example:80')]
  await tellUnresolved(both, (line) => lines.push(line), resolve)
  expect(lines).toEqual(['backend default: the host name "nowhere.example" cannot be resolved now (ENOTFOUND); fetches fail until it can'])
})
