import type { Ip } from '../../base/ip.ts'
import type { CommonContext, VclBackend } from '../runtime/context.ts'
import { VclFailure } from '../runtime/failure.ts'
import { orBogus } from '../runtime/values.ts'
import { bound, define } from './define.ts'
import { TaskKept } from './task-state.ts'
import type { VclType, Vmod, VmodFunction, VmodLoad } from './vmod.ts'

type Text = string | undefined

/** A variable keeps its type: asked for as another one it is as if it were not there. */
interface Kept {
  readonly type: VclType
  readonly value: unknown
}

const variables = new TaskKept(() => new Map<string, Kept>())

function setter(type: VclType): VmodFunction {
  const what = type === 'STRING' ? 'text' : type
  return define(
    'VOID',
    ['STRING key', `${type} value`],
    `Sets a variable of this request or fetch to this ${what}.`,
    (c: CommonContext, key: Text, value: unknown) => {
      if (key !== undefined) variables.of(c).set(key, { type, value })
    },
  )
}

function getter<T>(type: VclType, missing: T, otherwise: string, finish: (value: unknown) => unknown = (value) => value): VmodFunction {
  return define(
    type,
    ['STRING key'],
    `The ${type} of that name; ${otherwise} when there is none or it has another type.`,
    (c: CommonContext, key: Text) => {
      const kept = key === undefined ? undefined : variables.peek(c)?.get(key)
      return finish(kept?.type === type ? kept.value : missing)
    },
  )
}

const bindSet =
  ({ host }: VmodLoad) =>
  (_c: CommonContext, key: Text, value: Text): void => {
    if (key !== undefined && host?.globals.set(key, value) === false)
      throw new VclFailure(`var.global_set(): no room for '${key.slice(0, 100)}'`)
  }
const bindGet =
  ({ host }: VmodLoad) =>
  (_c: CommonContext, key: Text): Text =>
    key === undefined ? undefined : host?.globals.get(key)

const SET = setter('STRING')
const GET = getter<Text>('STRING', undefined, 'unset')

/** Variables for rules. */
export const variable: Vmod = {
  name: 'var',
  doc:
    'Variables. They belong to the request with its restarts, or to the fetch with its retries. Global ones are flags for all workers: 256 KiB of names and texts in all, and setting one to something else costs as much as ' +
    'reading them all.',
  functions: {
    set: SET,
    get: GET,
    set_string: SET,
    get_string: GET,
    set_int: setter('INT'),
    get_int: getter('INT', 0, '0'),
    set_real: setter('REAL'),
    get_real: getter('REAL', 0, '0'),
    set_duration: setter('DURATION'),
    get_duration: getter('DURATION', 0, '0'),
    set_ip: setter('IP'),
    get_ip: getter('IP', undefined, '0.0.0.0', (value) => orBogus(value as Ip | undefined)),
    set_backend: setter('BACKEND'),
    get_backend: getter<VclBackend | undefined>('BACKEND', undefined, 'none'),
    global_set: bound(
      'VOID',
      ['STRING key', 'STRING value'],
      'Sets a text for all requests of all workers, as long as the process lives; an unset one removes it.',
      bindSet,
    ),
    global_get: bound('STRING', ['STRING key'], 'That text; unset when there is none.', bindGet),
    clear: define('VOID', [], 'Forgets all variables of this request or fetch.', (c: CommonContext) => variables.peek(c)?.clear()),
  },
  unsupported: {},
}
