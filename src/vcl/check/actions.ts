import { ACTION, type Action } from '../runtime/context.ts'
import { maskOf, type SubMask } from './subs.ts'

/** One return action: where it is legal, what it takes. The table is trunk's; `legacy` rows are older spellings. */
export interface ActionRow {
  readonly name: string
  readonly subs: SubMask
  readonly code: Action
  /** synth: INT and optional STRING; error: both optional; pass: optional DURATION (vcl_backend_response); fail: optional STRING. */
  readonly args: 'none' | 'synth' | 'error' | 'ttl' | 'reason' | 'label'
  /** Parsed and known, refused at load with this reason. */
  readonly pending?: string
}

/** Old forms still common in public files: accepted with a warning and read as `as`. */
export interface LegacyAction {
  readonly name: string
  readonly subs: SubMask
  readonly as: string
  readonly advice: string
}

function row(name: string, subs: string, code: Action, args: ActionRow['args'] = 'none', pending?: string): ActionRow {
  return { name, subs: maskOf(subs), code, args, pending }
}

export const ACTIONS: readonly ActionRow[] = [
  row('abandon', 'B', ACTION.abandon),
  row('beresp', 'brefresh', ACTION.beresp),
  row('deliver', 'hit deliver synth bresp berr', ACTION.deliver),
  row('error', 'bfetch brefresh bresp', ACTION.error, 'error'),
  row('fail', 'C B init', ACTION.fail, 'reason'),
  row('fetch', 'pass miss bfetch', ACTION.fetch),
  row('hash', 'recv', ACTION.hash),
  row('lookup', 'hash', ACTION.lookup),
  row('merge', 'brefresh', ACTION.merge),
  row('obj_stale', 'brefresh', ACTION.obj_stale),
  row('ok', 'init fini', ACTION.ok),
  row('pass', 'recv miss hit bresp', ACTION.pass, 'ttl'),
  row('pipe', 'recv pipe', ACTION.pipe),
  row('purge', 'recv', ACTION.purge),
  row('restart', 'recv pass purge miss hit deliver synth', ACTION.restart),
  row('retry', 'brefresh bresp berr', ACTION.retry),
  row('synth', 'recv pipe pass purge miss hit deliver', ACTION.synth, 'synth'),
  row('vcl', 'recv', ACTION.vcl, 'label'),
]

/** vcl_hit had fetch in 4.0 to 4.1 and miss in 4.1 to 6.0. Both go to vcl_miss with the right to fetch. */
export const LEGACY_ACTIONS: readonly LegacyAction[] = [
  { name: 'fetch', subs: maskOf('hit'), as: 'miss', advice: 'return (fetch) in vcl_hit is an old form of a forced miss' },
  { name: 'miss', subs: maskOf('hit'), as: 'miss', advice: 'return (miss) in vcl_hit is an old form of a forced miss' },
]

export const LEGACY_MISS: ActionRow = row('miss', 'hit', ACTION.miss)

const BY_NAME = new Map(ACTIONS.map((action) => [action.name, action]))

export function actionNamed(name: string): ActionRow | undefined {
  return BY_NAME.get(name)
}

export function actionsLegalIn(subs: SubMask): string[] {
  return ACTIONS.filter((action) => (action.subs & subs) === subs).map((action) => action.name)
}
