import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { asVarnishd } from '../../../src/config/as-varnishd.ts'
import { parseCommandLine, type ServeOptions } from '../../../src/config/command-line.ts'

const HEAD = ['serve', '--varnishd', '-p', 'policy=varnish']
const NOWHERE = '/nowhere'

describe('varnishd’s command line becomes ours', () => {
  test.each([
    ['-F -a :80 -b localhost:8080', '-F -a :80 -b localhost:8080'],
    ['-Fd -T127.0.0.1:0', '-F -d -T 127.0.0.1:0'],
    ['-j unix,user=vcache -h critbit', ''],
    ['-s malloc,1G -s Transient=umem,5M', '-s malloc,1G -s Transient=malloc,5M'],
    ['-s disk=file,/srv/a,1G,4k,random', '-s disk=file,/srv/a,1G'],
    ['-l 80m,1m', '-l 80m'],
    ['-p thread_pools=2 -p debug=+syncvsl,+vclrel -p default_ttl=7', '-p debug=+syncvsl -p default_ttl=7'],
    ['-p debug=+vclrel', ''],
    ['-p feature=+http2', ''],
    ['-p feature=+http2,+esi_ignore_https', '-p feature=+esi_ignore_https'],
    ['-r cc_command,vcc_feature,default_ttl', '-r default_ttl'],
    ['-r cc_command', ''],
  ])('%s', (theirs, ours) => {
    const made = asVarnishd(['-a', ':1', ...theirs.split(' ')], NOWHERE)
    expect(made).toEqual([...HEAD, '-a', ':1', ...ours.split(' ').filter((word) => word !== '')])
  })

  test('without -a it is port 80, and without -n the directory where varnishd’s tools look, where we may make it', () => {
    const home = mkdtempSync(join(tmpdir(), 'lacquer-as-'))
    expect(asVarnishd(['-F'], NOWHERE)).toEqual([...HEAD, '-a', ':80', '-F'])
    expect(asVarnishd(['-F', '-a', ':1'], home)).toEqual([...HEAD, '-n', `${home}/varnishd`, '-F', '-a', ':1'])
    expect(asVarnishd(['-a', ':1', '-n', 'shop'], home)).toEqual([...HEAD, '-a', ':1', '-n', `${home}/shop`])
    expect(asVarnishd(['-a', ':1', '-n', '/tmp/v1'], home)).toEqual([...HEAD, '-a', ':1', '-n', '/tmp/v1'])
    rmSync(home, { recursive: true })
  })

  test('the line of Debian’s unit', () => {
    const line =
      'varnishd -j unix,user=vcache -F -a :6081 -T localhost:6082 -f /etc/varnish/default.vcl -S /etc/varnish/secret -s malloc,256m -n /run/x'
    expect(parseCommandLine(line.split(' '))).toMatchObject({
      command: 'serve',
      lenient: true,
      listen: [':6081'],
      vclFile: '/etc/varnish/default.vcl',
      parameters: { policy: 'varnish' },
      admin: { listen: { host: 'localhost', port: 6082 }, secret: '/etc/varnish/secret' },
      stores: [{ kind: 'memory', size_bytes: 256 * 2 ** 20 }],
    })
  })

  test('-b none is none, -? is help', () => {
    expect(parseCommandLine(['varnishd', '-b', 'none'])).toMatchObject({ backend: 'none' })
    expect(parseCommandLine(['varnishd', '-?'])).toMatchObject({ command: 'print' })
  })

  test('-f without a name is no rules', () => {
    expect(asVarnishd(['-f', '', '-d', '-a', ':1'], NOWHERE)).toEqual([...HEAD, '-d', '-a', ':1'])
  })

  test('varnishtest, of 7.1 and of later', () => {
    const line = ['-d', '-n', '/tmp/v1', '-p', 'debug=+vtc_mode', '-M', '127.0.0.1 4711']
    const of = (...more: string[]) => parseCommandLine(['varnishd', ...line, ...more]) as ServeOptions
    expect(of()).toMatchObject({ workers: 1, lenient: true, parameters: { vsl_version: '2', policy: 'varnish' } })
    expect(of('-i', 'v1').parameters.vsl_version).toBe('3')
    expect(of('-p', 'vsl_version=3').parameters.vsl_version).toBe('3')
    expect(of().admin).toMatchObject({ onInput: true, call: { host: '127.0.0.1', port: 4711 }, makes_secret: true })
  })

  test.each([[['shop.vcl']], [['-Z']], [['-n']], [['-p', 'nothing=1']], [['-p', 'constructor=1']], [['-p', 'default_ttl=soon']]])(
    '%j is an error',
    (args) => {
      expect(() => parseCommandLine(['varnishd', ...args])).toThrow(/flag|value|unknown|duration/)
    },
  )
})
