import { describe, expect, test } from 'vitest'
import { asVarnishd } from '../../../src/config/as-varnishd.ts'
import { parseCommandLine, type ServeOptions } from '../../../src/config/command-line.ts'

const HEAD = ['serve', '--varnishd', '-p', 'policy=varnish']

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
    expect(asVarnishd(theirs.split(' '))).toEqual([...HEAD, ...ours.split(' ').filter((word) => word !== '')])
  })

  test('-f without a name is no rules', () => {
    expect(asVarnishd(['-f', '', '-d'])).toEqual([...HEAD, '-d'])
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
