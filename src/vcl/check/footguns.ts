import type { Checking } from './checking.ts'
import { eachStep, mentionsIn, nameOf, textsIn, type Mentions } from './mentions.ts'
import type { Branch, Program, Step, Value } from './program.ts'
import { ACTION } from '../runtime/context.ts'

/** Rules that do what nobody may have meant: with cookies, which are somebody's, and with Vary. Only what is beyond doubt is told. */
export function checkFootguns(k: Checking, program: Program, policy: 'rfc9111' | 'varnish'): void {
  let known: Mentions | undefined
  // Most rules do nothing for which it matters who else mentions a field.
  const mentions = (): Mentions => (known ??= mentionsIn(program))
  eachStep(program, (step) => {
    checkVary(k, step, mentions)
    if (step.kind === 'if') for (const branch of step.branches) checkCookieBranch(k, branch, mentions)
  })
  if (policy !== 'varnish') return
  for (const { name, pieces } of program.subs)
    for (const { builtin, steps } of pieces)
      if (!builtin) for (const step of steps) if (step.kind === 'return') checkSkipped(k, step, name, mentions())
}

/** Fields of which every client has a value of his own. */
const PERSONAL: readonly [name: string, pattern: RegExp][] = [
  ['User-Agent', /\buser-agent\b/i],
  ['Cookie', /(?<!set-)\bcookie\b/i],
]

/** Vary: Cookie makes the cache useless, unless rules bring the field down to a few values first. */
function checkVary(k: Checking, step: Step, mentions: () => Mentions): void {
  if (step.kind !== 'set' || step.target.kind !== 'header' || nameOf(step.target) !== 'beresp.http.vary') return
  for (const [name, pattern] of PERSONAL) {
    if (!pattern.test(textsIn(step)) || mentions().changed.has(`req.http.${name.toLowerCase()}`)) continue
    const hint = `bring it down to a few values in vcl_recv, in a field of your own, and vary by that; Vary: ${name} can be set in vcl_deliver`
    k.warn(step.at, `a response that varies by ${name} is stored anew for nearly every client`, hint, 'vary')
  }
}

/** `if (beresp.http.Set-Cookie) { set beresp.ttl = 1h; }`: the cookie would be everybody's. */
function checkCookieBranch(k: Checking, { condition, steps }: Branch, mentions: () => Mentions): void {
  if (!hasCookie(condition) || mentions().changed.has('beresp.http.set-cookie')) return
  const ttl = steps.find((step) => step.kind === 'set' && step.target.kind === 'variable' && step.target.variable.name === 'beresp.ttl')
  if (ttl?.kind !== 'set' || (ttl.value.kind === 'number' && ttl.value.number <= 0) || steps.some(isUncacheable)) return
  const hint = 'unset beresp.http.Set-Cookie to store it without; or set beresp.uncacheable = true'
  k.warn(ttl.at, 'a ttl for responses that set a cookie: they belong to one client', hint, 'cookie')
}

function hasCookie(condition: Value): boolean {
  return condition.kind === 'truth' && condition.of.kind === 'header' && nameOf(condition.of) === 'beresp.http.set-cookie'
}

function isUncacheable(step: Step): boolean {
  if (step.kind === 'return') return step.action.code === ACTION.pass
  return step.kind === 'set' && step.target.kind === 'variable' && step.target.variable.name === 'beresp.uncacheable'
}

/**
 * Under policy=varnish the built-in rules keep what is personal out of the cache, and a return of one's own skips them. Only where it is
 * the sub's end for all: in an if there may have been a reason.
 */
function checkSkipped(k: Checking, step: Extract<Step, { kind: 'return' }>, sub: string, { read, changed }: Mentions): void {
  const seen = (name: string): boolean => read.has(name) || changed.has(name)
  if (sub === 'vcl_recv' && step.action.code === ACTION.hash && !seen('req.http.cookie')) {
    const hint = 'leave it out: the built-in vcl_recv passes requests with Cookie or Authorization, and ends in it for others'
    k.warn(step.at, 'return (hash) answers requests with a Cookie from the cache', hint, 'cookie')
  }
  if (sub === 'vcl_backend_response' && step.action.code === ACTION.deliver && !seen('beresp.http.set-cookie')) {
    const hint = 'leave it out: the built-in vcl_backend_response does not store them; or unset beresp.http.Set-Cookie'
    k.warn(step.at, 'return (deliver) stores responses with their Set-Cookie', hint, 'cookie')
  }
}
