import { OperatorError } from '../../base/errors.ts'

/** What options that take a number come to; undefined: it was not given. All of them throw an OperatorError. */

const DECIMAL = /^[0-9]*\.?[0-9]+$|^[0-9]+\.$/
const PATIENCE_S = 5

export function wholeNumber(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  if (!/^[0-9]{1,9}$/.test(text) || Number(text) === 0) throw new OperatorError(`-${name} ${text}: not a number above 0`)
  return Number(text)
}

export function positive(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  if (!DECIMAL.test(text) || Number(text) === 0) throw new OperatorError(`-${name} ${text}: not a number above 0`)
  return Number(text)
}

export function seconds(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  if (!DECIMAL.test(text)) throw new OperatorError(`-${name} ${text}: not a number of seconds`)
  return Number(text)
}

/** -t: how long a server is waited for, Infinity for ever. */
export function patience(text: string | undefined): number {
  if (text?.toLowerCase() === 'off') return Infinity
  return seconds('t', text) ?? PATIENCE_S
}
