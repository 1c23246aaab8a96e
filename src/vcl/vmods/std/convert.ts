import type { Ip } from '../../../base/ip.ts'
import { parseIp } from '../../../base/ip.ts'
import type { CommonContext } from '../../runtime/context.ts'
import type { VmodArgument, VmodFunction, VclType } from '../vmod.ts'
import { bytesOf, durationOf, inRange, integerOf, onlyOne, orFallback, realOf, roundAway, timeOf } from './numbers.ts'

/** `[s], [fallback], [others…]`: the form all conversions have. */
function conversion(returns: VclType, others: readonly VclType[], doc: string, impl: VmodFunction['impl']): VmodFunction {
  const optional = (name: string, type: VclType): VmodArgument => ({ name, type, optional: true })
  const rest = others.map((type) => optional(type === 'INT' ? 'integer' : type.toLowerCase(), type))
  return { args: [optional('s', 'STRING'), optional('fallback', returns), ...rest], returns, doc, impl }
}

type Text = string | undefined
type Num = number | undefined

function duration(_c: CommonContext, s: Text, fallback: Num, real: Num, integer: Num): number {
  onlyOne('duration', [s, real, integer])
  return orFallback('duration', durationOf(s) ?? real ?? integer, fallback)
}

function bytes(_c: CommonContext, s: Text, fallback: Num, real: Num, integer: Num): number {
  onlyOne('bytes', [s, real, integer])
  const number = real ?? integer
  const valid = number === undefined || number < 0 ? undefined : inRange(Math.floor(number))
  return orFallback('bytes', bytesOf(s) ?? valid, fallback)
}

function integer(_c: CommonContext, s: Text, fallback: Num, bool: boolean | undefined, ...numbers: Num[]): number {
  onlyOne('integer', [s, bool, ...numbers])
  const number = numbers.find((n) => n !== undefined) ?? (bool === undefined ? undefined : Number(bool))
  const valid = number === undefined ? undefined : inRange(Math.trunc(number))
  return orFallback('integer', integerOf(s) ?? valid, fallback)
}

function real(_c: CommonContext, s: Text, fallback: Num, int: Num, bool: boolean | undefined, ...numbers: Num[]): number {
  onlyOne('real', [s, int, bool, ...numbers])
  const number = int ?? numbers.find((n) => n !== undefined) ?? (bool === undefined ? undefined : Number(bool))
  return orFallback('real', realOf(s) ?? number, fallback)
}

function time(c: CommonContext, s: Text, fallback: Num, real: Num, integer: Num): number {
  onlyOne('time', [s, real, integer])
  return orFallback('time', timeOf(s, c.now()) ?? real ?? integer, fallback)
}

const SERVICES: Readonly<Record<string, number>> = { http: 80, https: 443 }

/** Numeric addresses only: a name would have to be looked up while everybody waits. */
function ip(_c: CommonContext, s: Text, fallback: Ip | undefined, _resolve: boolean, p: Text): Ip {
  const numeric = s?.replace(/[: ](https?)$/, (_whole, name: string) => `:${SERVICES[name]}`)
  const port = p === undefined ? 80 : (SERVICES[p] ?? (/^[0-9]{1,5}$/.test(p) ? Number(p) : -1))
  const parsed = numeric === undefined || port < 0 || port > 65_535 ? undefined : parseIp(numeric, port)
  return orFallback('ip', parsed, fallback)
}

const IP_ARGS: readonly VmodArgument[] = [
  { name: 's', type: 'STRING' },
  { name: 'fallback', type: 'IP', optional: true },
  { name: 'resolve', type: 'BOOL', default: true },
  { name: 'p', type: 'STRING', optional: true },
]

/** The four that 8.0 dropped: value and fallback, both mandatory. */
function legacy(from: VclType, to: VclType, name: string, convert: (value: number) => number | undefined): VmodFunction {
  const args: VmodArgument[] = [
    { name: from === 'REAL' ? 'r' : 't', type: from },
    { name: 'fallback', type: to },
  ]
  const doc = `Converts a ${from} to ${to}; std.${name}() is the newer way.`
  return { args, returns: to, doc, impl: (_c: CommonContext, value: number, fallback: number) => convert(value) ?? fallback }
}

export const CONVERSIONS: Readonly<Record<string, VmodFunction>> = {
  duration: conversion('DURATION', ['REAL', 'INT'], 'A number and its unit (ms s m h d w y), or seconds.', duration),
  bytes: conversion('BYTES', ['REAL', 'INT'], 'A number with K, M, G, T or P, or a number of bytes.', bytes),
  integer: conversion('INT', ['BOOL', 'BYTES', 'DURATION', 'REAL', 'TIME'], 'The whole part of a quantity; at most 15 digits.', integer),
  ip: {
    args: IP_ARGS,
    returns: 'IP',
    doc: 'A numeric address with or without port (80 if it has none). Names are not resolved: fallback.',
    impl: ip,
  },
  real: conversion('REAL', ['INT', 'BOOL', 'BYTES', 'DURATION', 'TIME'], 'A decimal number, three digits behind the point.', real),
  time: conversion('TIME', ['REAL', 'INT'], 'An HTTP date, ISO 8601 without zone, or seconds since 1970.', time),
  real2integer: legacy('REAL', 'INT', 'integer', (value) => inRange(roundAway(value))),
  real2time: legacy('REAL', 'TIME', 'time', (value) => value),
  time2integer: legacy('TIME', 'INT', 'integer', (value) => inRange(roundAway(value))),
  time2real: legacy('TIME', 'REAL', 'real', (value) => value),
}
