import { accessSync, constants } from 'node:fs'
import { OperatorError } from '../base/errors.ts'
import { isForeign, ownSwitches } from './foreign-parameters.ts'

/**
 * bin/lacquer under the name varnishd, as varnishtest and units of systemd call it: varnishd's command line becomes ours. What has no meaning here
 * (jails, hash algorithms, thread pools) is left out.
 */

/** Where varnishd has its work directories, and its tools, varnishreload and exporters look for them. */
const HOME = '/var/lib/varnish'

const WITH_VALUE = 'abEfhIijlMnPprSsTtWx'
const SWITCHES = 'CdFV'
const LEFT_OUT = 'hjW'

interface Flag {
  readonly letter: string
  readonly value: string | undefined
}

/** Throws an OperatorError. */
export function asVarnishd(args: readonly string[], home = HOME): string[] {
  if (args.includes('-?')) return ['serve', '--help']
  const flags = flagsOf(args)
  const parameters = flags.filter(({ letter }) => letter === 'p').map(({ value }) => value ?? '')
  // Who tests wants the same threads to meet in the same order each time.
  const tested = parameters.some((one) => /^debug=.*\+vtc_mode/.test(one))
  const named = flags.some(({ letter }) => letter === 'i')
  const head = ['serve', '--varnishd', '-p', 'policy=varnish', ...(tested ? ['-w', '1'] : [])]
  // varnishtest of 7.1 and before says no -i, and reads the format of its time.
  if (tested && !named && !parameters.some((one) => one.startsWith('vsl_version='))) head.push('-p', 'vsl_version=2')
  if (!flags.some(({ letter }) => letter === 'a')) head.push('-a', ':80')
  if (!flags.some(({ letter }) => letter === 'n') && isWritable(home)) head.push('-n', `${home}/varnishd`)
  return [...head, ...flags.flatMap((flag) => ours(flag, home))]
}

/** Whoever runs us without the right to write there has a directory of our own instead. */
function isWritable(directory: string): boolean {
  try {
    accessSync(directory, constants.W_OK)
    return true
  } catch {
    return false
  }
}

function flagsOf(args: readonly string[]): Flag[] {
  const flags: Flag[] = []
  for (let i = 0; i < args.length; i++) {
    if (!/^-[A-Za-z]/.test(args[i])) throw new OperatorError(`${args[i]}: stands without a flag`)
    for (let at = 1; at < args[i].length; at++) {
      const letter = args[i][at]
      if (SWITCHES.includes(letter)) {
        flags.push({ letter, value: undefined })
        continue
      }
      if (!WITH_VALUE.includes(letter)) throw new OperatorError(`-${letter}: unknown flag`)
      const rest = args[i].slice(at + 1)
      if (rest === '' && i + 1 >= args.length) throw new OperatorError(`-${letter}: a value is missing`)
      flags.push({ letter, value: rest === '' ? args[++i] : rest })
      break
    }
  }
  return flags
}

function ours({ letter, value }: Flag, home: string): string[] {
  if (value === undefined) return [`-${letter}`]
  if (letter === 'n' && !value.startsWith('/')) return ['-n', `${home}/${value === '' ? 'varnishd' : value}`]
  if (LEFT_OUT.includes(letter) || (letter === 'f' && value === '')) return []
  const meant = MEANINGS[letter]?.(value) ?? (letter in MEANINGS ? undefined : value)
  return meant === undefined ? [] : [`-${letter}`, meant]
}

/** Values that are written otherwise here; undefined: left out. */
const MEANINGS: Readonly<Record<string, (value: string) => string | undefined>> = {
  l: (value) => value.split(',')[0],
  p: parameter,
  r: (value) => {
    const names = value.split(/[\s,]+/).filter((name) => !isForeign(name))
    return names.length === 0 ? undefined : names.join(',')
  },
  s: (value) => {
    const [kind, ...options] = value.split(',')
    // Of a file the granularity and the advice follow.
    return [kind.replace(/(^|=)umem$/, '$1malloc'), ...options.slice(0, /(^|=)file$/.test(kind) ? 2 : 1)].join(',')
  },
}

function parameter(assignment: string): string | undefined {
  const at = assignment.indexOf('=')
  const [name, value] = [assignment.slice(0, at), assignment.slice(at + 1)]
  if (isForeign(name)) return undefined
  const own = ownSwitches(name, value)
  return own === undefined ? undefined : `${name}=${own}`
}
