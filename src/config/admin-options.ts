import { OperatorError } from '../base/errors.ts'
import { type HostPort, isLoopback, parseHostPort } from './addresses.ts'
import { isParameter, type ParameterName } from './parameters.ts'
import { unknownParameter } from './parameter-values.ts'

/** -T, -M and -S. */
export interface AdminOptions {
  /** -T; undefined for `none`. */
  readonly listen: HostPort | undefined
  /** There is no -T: a port of the loopback address, which only the work directory tells of. */
  readonly unsaid: boolean
  readonly call: HostPort | undefined
  /** -S: the file; undefined for `none`: nobody is asked who he is. */
  readonly secret: string | undefined
  /** There is no -S: a secret is made in the work directory. */
  readonly makes_secret: boolean
  /** -I: a file of commands. */
  readonly script: string | undefined
  /** -d: commands come on standard input, and its end is ours; workers begin when they are told to. */
  readonly onInput: boolean
  /** -r: parameters that commands may not change. */
  readonly protected: readonly ParameterName[]
}

const UNSAID: HostPort = { host: '127.0.0.1', port: 0 }

/** Flags of a command line. */
export interface GivenFlags {
  has(name: string): boolean
  all(name: string): readonly string[]
  one(name: string): string | undefined
}

/** Throws an OperatorError. */
export function adminOptions(given: GivenFlags): AdminOptions {
  const [listen, call, secret] = [given.one('T'), given.one('M'), given.one('S')]
  if (secret === '') throw new OperatorError('-S: the file name is empty')
  const options = {
    listen: listen === undefined ? UNSAID : listen === 'none' ? undefined : parseHostPort('-T', listen),
    call: call === undefined ? undefined : parseHostPort('-M', call.trim().replace(/\s+/, ':')),
    unsaid: listen === undefined,
    secret: secret === 'none' ? undefined : secret,
    makes_secret: secret === undefined,
    script: given.one('I'),
    onInput: given.has('d'),
    protected: protectedNames(given.all('r')),
  }
  for (const [flag, at] of [
    ['-T', options.listen],
    ['-M', options.call],
  ] as const)
    if (at !== undefined && secret === 'none' && !isLoopback(at.host))
      throw new OperatorError(
        `${flag}: whoever reaches it could give commands: name a secret with -S file, or use a loopback address such as 127.0.0.1:${at.port}`,
      )
  return options
}

function protectedNames(values: readonly string[]): ParameterName[] {
  const names = values.flatMap((value) => value.split(/[\s,]+/)).filter((name) => name !== '')
  for (const name of names) if (!isParameter(name)) throw new OperatorError(`-r ${name}: ${unknownParameter(name)}`)
  return names.filter((name) => isParameter(name))
}
