import { hostname } from 'node:os'
import { describe, expect, test } from 'vitest'
import { OperatorError } from '../../../src/base/errors.ts'
import { parseCommandLine } from '../../../src/config/command-line.ts'
import { SERVE_FLAGS } from '../../../src/config/flags.ts'
import { defaultParameters } from '../../../src/config/parameters.ts'
import { defaultWorkers } from '../../../src/config/workers.ts'

function parse(line: string): ReturnType<typeof parseCommandLine> {
  return parseCommandLine(line.split(' ').filter((word) => word !== ''))
}

describe('serve', () => {
  test('alone has a default for everything', () => {
    expect(parse('serve')).toEqual({
      command: 'serve',
      listen: [':6081'],
      backend: undefined,
      vclFile: undefined,
      otherVclFiles: [],
      admin: {
        listen: { host: '127.0.0.1', port: 0 },
        unsaid: true,
        call: undefined,
        secret: undefined,
        makes_secret: true,
        script: undefined,
        onInput: false,
        protected: [],
      },
      stores: [{ name: 's0', kind: 'memory', size_bytes: expect.any(Number) as number }],
      parameters: defaultParameters(),
      workers: defaultWorkers(),
      identity: hostname(),
      metrics: undefined,
      requireTests: false,
      lenient: false,
      compileOnly: false,
    })
  })

  test.each([
    ['-a :80 -a a=[::1]:81,PROXY', { listen: [':80', 'a=[::1]:81,PROXY'] }],
    ['-a:80', { listen: [':80'] }],
    ['-b localhost', { backend: { host: 'localhost', port: 80, path: undefined, tls: false } }],
    ['-b 127.0.0.1:8080', { backend: { host: '127.0.0.1', port: 8080, path: undefined, tls: false } }],
    ['-b [::1]:8080', { backend: { host: '::1', port: 8080, path: undefined, tls: false } }],
    ['-b https://example.com', { backend: { host: 'example.com', port: 443, path: undefined, tls: true } }],
    ['-b http://example.com:81', { backend: { host: 'example.com', port: 81, path: undefined, tls: false } }],
    ['-b /run/app.sock', { backend: { host: undefined, port: 0, path: '/run/app.sock', tls: false } }],
    ['-f a.vcl -f b.vcl -f c.vcl', { vclFile: 'c.vcl', otherVclFiles: ['a.vcl', 'b.vcl'] }],
    ['-f rules.vcl -C', { vclFile: 'rules.vcl', compileOnly: true }],
    ['-s memory,1G', { stores: [{ name: 's0', kind: 'memory', size_bytes: 2 ** 30 }] }],
    ['-s big=malloc,256m', { stores: [{ name: 'big', kind: 'memory', size_bytes: 2 ** 28 }] }],
    ['-s default,1M -s Transient=malloc,64M', { stores: [{ name: 's0' }], transient: { name: 'Transient', size_bytes: 2 ** 26 } }],
    ['-p policy=varnish -p default_grace=1h', { parameters: { ...defaultParameters(), policy: 'varnish', default_grace: 3600 } }],
    ['-t 60 -l 16M', { parameters: { ...defaultParameters(), default_ttl: 60, vsl_space: 2 ** 24 } }],
    ['-w 1 -F -i edge1', { workers: 1, identity: 'edge1' }],
    ['-w 3', { workers: 3 }],
    ['--metrics 127.0.0.1:9131', { metrics: { host: '127.0.0.1', port: 9131 } }],
    ['--metrics=:0', { metrics: { host: undefined, port: 0 } }],
  ])('%s', (flags, expected) => {
    expect(parse(`serve ${flags}`)).toMatchObject(expected)
  })
})

test('check takes files and the parameters that rules depend on', () => {
  expect(parse('check a.vcl b.vcl -p policy=varnish')).toEqual({
    command: 'check',
    files: ['a.vcl', 'b.vcl'],
    parameters: { ...defaultParameters(), policy: 'varnish' },
    emit: false,
    json: false,
  })
  expect(parse('check --emit a.vcl')).toMatchObject({ emit: true })
})

describe('a refusal names the flag and the remedy in one line', () => {
  test.each([
    ['sreve', "there is no command 'sreve': did you mean 'serve'?"],
    ['varnishlog -g raw', "there is no command 'varnishlog': did you mean 'log'?"],
    ['varnishadm', "there is no command 'varnishadm': did you mean 'adm'?"],
    ['varnishtest', "there is no command 'varnishtest'; see lacquer --help"],
    ['-a :80', "-a: a command comes first, as in 'lacquer serve -a ...'; see lacquer --help"],
    ['serve rules.vcl', "lacquer serve: 'rules.vcl' stands without a flag; rules are given as -f rules.vcl"],
    ['serve -z', '-z: unknown flag; see lacquer serve --help'],
    ['serve --metric :1', '--metric: unknown flag; did you mean --metrics?; see lacquer serve --help'],
    ['serve --a :1', '--a: unknown flag; see lacquer serve --help'],
    ['serve -b', '-b: a value is missing: -b host[:port]'],
    ['serve -F=x', '-=: unknown flag; see lacquer serve --help'],
    ['serve --help=x', '--help: takes no value'],
    ['serve -b a -b b', '-b: given twice'],
    ['serve -b a -f b', '-b and -f exclude each other: declare the backend in the rule file'],
    ['serve -C', '-C: needs the rules to compile: -f file or -b backend'],
    ['serve -l 8M -p vsl_buffer=1M', 'parameter vsl_buffer: at most 1/16 of vsl_space, which is 8M'],
    ['serve -w 0', '-w 0: not a number of workers'],
    ['serve -b host:99999', "-b host:99999: '99999' is not a port (0 to 65535)"],
    ['serve -b host:0', '-b host:0: a backend cannot have port 0'],
    ['serve -b :80', '-b :80: the host is missing; for this machine write localhost:80'],
    ['serve -b http://a/b', '-b http://a/b: a backend is host[:port] without a path; use -f for more'],
    ['serve -b ho$t:1', "-b ho$t:1: 'ho$t' is not a host name"],
    ['serve --metrics ::1:80', '--metrics ::1:80: write an IPv6 address in brackets, such as [::1]:6081'],
    ['serve --metrics [::1', '--metrics [::1: not an IPv6 address in brackets with a port, such as [::1]:6081'],
    ['serve --metrics localhost', '--metrics localhost: the port is missing; write host:port'],
    ['serve -s disk,1G', "-s disk,1G: there is no storage 'disk'; use memory,SIZE or file,PATH,SIZE"],
    ['serve -p default_ttl=x', "parameter default_ttl: 'x' is not a duration such as 10s, 1.5m or 100ms"],
    ['check', 'lacquer check: name at least one rule file'],
  ])('%s', (line, message) => {
    expect(() => parse(line)).toThrow(new OperatorError(message))
  })

  test.each(SERVE_FLAGS.filter((row) => row.refused !== undefined))('serve -$name, which varnishd has', (row) => {
    expect(() => parse(`serve -${row.name} ${row.value === undefined ? '' : 'x'}`)).toThrow(
      new OperatorError(`-${row.name}: ${row.refused}`),
    )
  })
})

describe('help and version', () => {
  test.each(['', '--help', 'help', '-h'])('lacquer %s lists the commands that are there', (line) => {
    expect(parse(line)).toMatchObject({ command: 'print', text: expect.stringMatching(/lacquer serve[^]*lacquer check/) as string })
  })

  test.each(['check', 'fmt', 'test', 'adm', 'explain'])('%s -h is its --help', (name) => {
    expect(parse(`${name} -h`)).toEqual(parse(`${name} --help`))
  })

  test('serve -h is the hash algorithm of varnishd', () => {
    expect(() => parse('serve -h classic')).toThrow(/^-h: not supported/)
  })

  test('what follows a command of adm is that command’s', () => {
    expect(parse('adm help -h')).toMatchObject({ command: 'adm', words: ['help', '-h'] })
  })

  test('serve --help lists every flag that works, in lines that fit', () => {
    const help = parse('serve --help')
    const text = help.command === 'print' ? help.text : ''
    for (const row of SERVE_FLAGS)
      expect(text.includes(`\n  -${row.name.length > 1 ? '-' : ''}${row.name}`)).toBe(row.refused === undefined)
    expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(100)
  })

  test.each(['-V', '--version', 'serve -V'])('lacquer %s', (line) => {
    expect(parse(line)).toMatchObject({
      command: 'print',
      text: expect.stringMatching(/^lacquer \d+\.\d+\.\d+ \(node \d+\.\d+\.\d+\)\n$/) as string,
    })
  })
})
