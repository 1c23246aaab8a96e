import { WORKERS_MAX } from './workers.ts'

/** Commands and flags: one table that the parser, --help and docs/reference/flags.md read. Letters are varnishd's. */

export interface FlagRow {
  /** One letter for `-a`, a word for `--metrics`. */
  readonly name: string
  /** What follows it in the synopsis; undefined for a switch. */
  readonly value?: string
  readonly repeat?: true
  readonly about: string
  /** Why it is refused, for flags that varnishd has and Lacquer has not (yet). */
  readonly refused?: string
}

export const SERVE_FLAGS: readonly FlagRow[] = [
  {
    name: 'a',
    value: '[name=]address[,option]',
    repeat: true,
    about:
      'Accept clients here: host:port, :port, [v6]:port, or /path of a unix socket. Port 0 lets the kernel choose. Option PROXY expects a PROXY header; user=, group= and mode= are for unix sockets. Default :6081',
  },
  {
    name: 'b',
    value: 'host[:port]',
    about: 'The backend, in place of a rule file: host, host:port, https://host, /path of a unix socket, or none',
  },
  {
    name: 'f',
    value: 'file',
    repeat: true,
    about:
      'The rules, in VCL, as rule set `boot`; SIGHUP reads them again. Of several the last is active, and those before it are boot0, boot1 and so on. With neither -b nor -f a small demo origin is started inside',
  },
  {
    name: 's',
    value: '[name=]kind[,options]',
    repeat: true,
    about:
      'Storage: memory[,size], also spelled malloc or default; or file,path,size, which survives restarts. Without a size a store in memory has 40% of the memory this process may use. Unnamed ones are s0, s1 and so on. Transient=memory[,size] bounds what is held for those who read it and not kept (10% of that memory, from 16M to 1G, without a size)',
  },
  { name: 'p', value: 'name=value', repeat: true, about: 'Set a parameter (docs/reference/parameters.md)' },
  { name: 't', value: 'ttl', about: 'Short for -p default_ttl=ttl' },
  { name: 'l', value: 'size', about: 'Short for -p vsl_space=size' },
  {
    name: 'w',
    value: 'number',
    about: `Worker threads, ${WORKERS_MAX} at most. Default: one for each core that this process may use`,
  },
  { name: 'i', value: 'identity', about: 'server.identity in rules. Default: the host name' },
  { name: 'metrics', value: 'host:port', about: 'Serve /metrics (Prometheus) and /healthz here' },
  {
    name: 'purge-api',
    value: 'token-file|open',
    about:
      'Accept POST /purge at the --metrics address from whoever sends the token, which is the first line of that file. `open` asks for none: for a loopback address only',
  },
  {
    name: 'require-tests',
    about:
      'Let in only rules whose tests pass, at the start and at each reload: shop.vcl has them in shop.test beside it (docs/vcl/testing.md)',
  },
  {
    name: 'varnishd',
    about:
      'Answer scripts that were written for varnishd as it would: parameters of its that mean nothing here are accepted. A link named varnishd to bin/lacquer takes varnishd’s command line, with this and policy=varnish',
  },
  { name: 'C', about: 'Compile the rules, print the result and end' },
  { name: 'F', about: 'Stay in the foreground: Lacquer always does' },
  { name: 'V', about: 'Print the version and end' },
  { name: 'help', about: 'Print this and end' },
  {
    name: 'd',
    about:
      'Take admin commands on standard input, too, and end when that ends. The workers begin with the command `start`; neither -b nor -f is needed',
  },
  {
    name: 'n',
    value: 'name|dir',
    about:
      'The work directory, where the tools find log, counters and admin port: a path, or a name below /run/lacquer (for root), $XDG_RUNTIME_DIR/lacquer or /tmp/lacquer-UID. Without it the name is lacquer; when another one that runs has that, lacquer-PID',
  },
  {
    name: 'T',
    value: 'host:port',
    about:
      'Accept admin commands here (docs/reference/cli.md), from `lacquer adm` or varnishadm. Without it on a port of the loopback address, which those who may read the work directory find there. `none` is none',
  },
  {
    name: 'S',
    value: 'file',
    about:
      'The secret that -T and -M ask for: the whole file, as varnishadm reads it. Without it one is made in the work directory. `none` asks for none, for loopback addresses only',
  },
  { name: 'M', value: 'host:port', about: 'Connect to this address, again and again, and take admin commands from there' },
  {
    name: 'I',
    value: 'file',
    about:
      'Admin commands to carry out before the workers start, a line each. One that fails ends the start, unless its line begins with `-`',
  },
  {
    name: 'P',
    value: 'file',
    about: 'Write the process id to this file, too, and remove it at the end',
  },
  {
    name: 'r',
    value: 'name[,name]',
    repeat: true,
    about: 'Parameters that admin commands may not change',
  },
  { name: 'E', value: 'extension', about: 'Load an extension', refused: 'not supported: there are no binary extensions' },
  { name: 'h', value: 'kind', about: 'Hash algorithm', refused: 'not supported: there is one index and nothing to choose' },
  {
    name: 'j',
    value: 'jail',
    about: 'Jail',
    refused: 'not supported: run as an unprivileged user (see docs/lacquer.service and docs/from-varnishd.md)',
  },
  { name: 'W', value: 'waiter', about: 'Waiter', refused: 'not supported: there is one way to wait for sockets, and nothing to choose' },
  { name: 'x', value: 'topic', about: 'Print reference pages', refused: 'not supported: see docs/reference' },
]

export const CHECK_FLAGS: readonly FlagRow[] = [
  { name: 'p', value: 'name=value', repeat: true, about: 'Set a parameter that rules depend on: policy, vcl_path, vcc_err_unref' },
  {
    name: 's',
    value: '[name=]kind[,options]',
    repeat: true,
    about: 'Storage as for serve: rules may name these stores and Transient. Without it any name will do',
  },
  { name: 'emit', about: 'Print the JavaScript that the rules become' },
  { name: 'json', about: 'Print what is wrong as one JSON array, for editors (docs/reference/diagnostics.md)' },
  { name: 'help', about: 'Print this and end' },
]

export const FORMAT_FLAGS: readonly FlagRow[] = [
  { name: 'check', about: 'Change nothing: name the files that are not formatted, and end with 1 if there are any' },
  { name: 'p', value: 'name=value', repeat: true, about: 'Set a parameter that rules depend on: vcl_path' },
  { name: 'help', about: 'Print this and end' },
]

export const TEST_FLAGS: readonly FlagRow[] = [
  { name: 't', value: 'text', repeat: true, about: 'Only tests whose name contains this' },
  {
    name: 'p',
    value: 'name=value',
    repeat: true,
    about: 'Set a parameter for all tests. With policy=name only those run that are for that policy',
  },
  { name: 'v', about: 'Show what the rules did in tests that pass, too' },
  { name: 'coverage', about: 'List the statements of the rules that no test has run' },
  { name: 'json', about: 'Print a JSON object for each test, on a line of its own' },
  { name: 'help', about: 'Print this and end' },
]

export const ADM_FLAGS: readonly FlagRow[] = [
  { name: 'n', value: 'name|dir', about: 'The work directory of the one that is meant, as for serve: it says where commands are taken' },
  { name: 'T', value: 'host:port', about: 'Where it takes admin commands: what it was told with -T' },
  { name: 'S', value: 'file', about: 'The secret: the same file that it was told with -S' },
  { name: 't', value: 'seconds', about: 'How long an answer may take. Default 60' },
  { name: 'help', about: 'Print this and end' },
]

export const EXPLAIN_FLAGS: readonly FlagRow[] = [
  ...ADM_FLAGS.filter(({ name }) => name !== 'help'),
  { name: 'X', value: 'method', about: 'The method. Default GET. The request is made for real: a PUT reaches the origin' },
  { name: 'H', value: 'field', repeat: true, about: "A field of the request, as in -H 'Accept-Language: de'" },
  { name: 'i', value: 'address', about: 'The client’s address, as rules see it. Default 127.0.0.1' },
  { name: 'w', value: 'worker', about: 'Which worker is to take it through: 0 is the first. Default: any' },
  { name: 'v', about: 'Also what the built-in rules did without consequence, and all log records' },
  { name: 'secrets', about: 'Values of Cookie, Authorization and the like in full' },
  { name: 'json', about: 'Print one JSON object' },
  { name: 'help', about: 'Print this and end' },
]

export interface CommandRow {
  readonly name: string
  readonly synopsis: string
  readonly about: string
  /** Undefined: it is a tool, whose options are in src/tools/options. */
  readonly flags?: readonly FlagRow[]
}

export const COMMANDS: readonly CommandRow[] = [
  {
    name: 'serve',
    synopsis: 'serve [-a address]... [-b backend | -f file...] [-s storage]... [-p name=value]...',
    about: 'Cache and proxy',
    flags: SERVE_FLAGS,
  },
  {
    name: 'check',
    synopsis: 'check [-s storage]... [-p name=value]... file...',
    about: 'Compile rule files and print what is wrong with them; `-` is standard input',
    flags: CHECK_FLAGS,
  },
  {
    name: 'fmt',
    synopsis: 'fmt [--check] file...',
    about: 'Put rule files into one style; only white space changes. `-` formats standard input to standard output',
    flags: FORMAT_FLAGS,
  },
  {
    name: 'test',
    synopsis: 'test [-t text]... [-p name=value]... file...',
    about:
      'Run tests of rule files: shop.test, or the one beside shop.vcl, or all in a folder. Ends with 0 when all pass, 1 when some fail, 2 when they cannot be run',
    flags: TEST_FLAGS,
  },
  {
    name: 'adm',
    synopsis: 'adm [-n name] [-T host:port] [-S file] [-t seconds] [command [argument]...]',
    about: 'Give a running Lacquer an admin command, or as many as are typed',
    flags: ADM_FLAGS,
  },
  {
    name: 'explain',
    synopsis: 'explain [-n name] [-T host:port] [-S file] [-X method] [-H field]... [-v] [--json] url',
    about:
      'Have a running Lacquer take one request through, and tell what became of it and why: rules, key, lookup, freshness, backend, what was stored',
    flags: EXPLAIN_FLAGS,
  },
  { name: 'log', synopsis: 'log [-n dir | -r file] [-g grouping] [-q query] [option]...', about: 'Show the log' },
  {
    name: 'ncsa',
    synopsis: 'ncsa [-n dir | -r file] [-F format | --json] [-q query] [option]...',
    about: 'Show the log as access log lines',
  },
  {
    name: 'stat',
    synopsis: 'stat [-n dir] [-1 | -j | -x | -l] [-f glob] [option]...',
    about: 'Show the counters',
  },
  {
    name: 'top',
    synopsis: 'top [-n dir | -r file] [-1] [-i taglist] [-q query] [option]...',
    about: 'Show the most frequent log records',
  },
  {
    name: 'hist',
    synopsis: 'hist [-n dir | -r file] [-1] [-P profile] [-q query] [option]...',
    about: 'Show a histogram of response times',
  },
]

export function flagText(row: Pick<FlagRow, 'name' | 'value'>): string {
  const dashes = row.name.length === 1 ? '-' : '--'
  return `${dashes}${row.name}${row.value === undefined ? '' : ` ${row.value}`}`
}

export function generalHelp(): string {
  const lines = COMMANDS.map((command) => `  lacquer ${command.synopsis}\n      ${command.about}`)
  return `Lacquer, a reverse-proxy HTTP cache that speaks VCL\n\n${lines.join('\n')}\n\n'lacquer serve --help' lists the flags; -V prints the version.\n`
}

const COLUMN = 30
const WIDTH = 100

export function commandHelp(command: CommandRow): string {
  const rows = (command.flags ?? []).filter((row) => row.refused === undefined)
  const lines = rows.map((row) => entry(flagText(row), row.repeat ? `${row.about}. May be repeated` : row.about))
  return `lacquer ${command.synopsis}\n${command.about}\n\n${lines.join('\n')}\n`
}

function entry(left: string, right: string): string {
  const indent = ' '.repeat(COLUMN)
  const lines = wrap(right, WIDTH - COLUMN)
  const first = `  ${left}`
  if (first.length >= COLUMN) return [first, ...lines.map((line) => indent + line)].join('\n')
  return [first.padEnd(COLUMN) + lines[0], ...lines.slice(1).map((line) => indent + line)].join('\n')
}

function wrap(text: string, width: number): string[] {
  const lines = ['']
  for (const word of text.split(' ')) {
    const last = lines[lines.length - 1]
    if (last === '') lines[lines.length - 1] = word
    else if (last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`
    else lines.push(word)
  }
  return lines
}
