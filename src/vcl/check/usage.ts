import { ACTION, type Action } from '../runtime/context.ts'
import type { Checking } from './checking.ts'
import type { Program, Step, TypedSub } from './program.ts'
import { callOrder } from './rights.ts'

/** What the hit path may skip: LoadedVcl.usage. */
export interface Usage {
  readonly respTouched: boolean
  readonly trivialHit: boolean
  readonly trivialDeliver: boolean
  readonly builtinHash: boolean
  readonly recalled: boolean
  readonly rollback: boolean
  readonly pristine: boolean
  readonly bodyBytes: number
  readonly refreshes: boolean
  readonly xVarnish: boolean
}

export function usageOf(k: Checking, program: Program): Usage {
  const subs = new Map(program.subs.map((sub) => [sub.name, sub]))
  const touches = (what: string) => program.subs.some((sub) => k.facts.get(sub.name)!.touched.has(what))
  const rollback = k.labels.size > 0 || touches('std.rollback')
  const reached = (name: string) => callOrder(k, [name])
  const isBuiltin = (name: string) => reached(name).every((sub) => subs.get(sub)!.pieces.every((piece) => piece.builtin))
  return {
    respTouched: reached('vcl_deliver').some((name) => k.facts.get(name)!.touched.has('resp')),
    trivialHit: soleAction(subs, 'vcl_hit') === ACTION.deliver,
    trivialDeliver: soleAction(subs, 'vcl_deliver') === ACTION.deliver,
    builtinHash: isBuiltin('vcl_hash'),
    recalled: !isBuiltin('vcl_recv') || !isBuiltin('vcl_hash'),
    bodyBytes: k.bodyBytes,
    refreshes: !isBuiltin('vcl_backend_refresh'),
    xVarnish: reached('vcl_deliver').some((name) => k.facts.get(name)!.touched.has('x-varnish')),
    rollback,
    pristine: rollback || touches('esi'),
  }
}

/** The action a sub ends with when it does nothing else: ACTION.none for an empty one, undefined when there is more to it. */
function soleAction(subs: ReadonlyMap<string, TypedSub>, name: string): Action | undefined {
  const steps = subs.get(name)?.pieces.flatMap((piece) => piece.steps) ?? []
  for (const step of steps) {
    const action = actionOf(subs, step)
    if (action !== ACTION.none) return action
  }
  return ACTION.none
}

function actionOf(subs: ReadonlyMap<string, TypedSub>, step: Step): Action | undefined {
  if (step.kind === 'call') return soleAction(subs, step.sub)
  return step.kind === 'return' && step.args.length === 0 ? step.action.code : undefined
}
