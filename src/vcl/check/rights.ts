import type { Place } from '../ast.ts'
import type { Checking, SubFacts, Use } from './checking.ts'
import { namesIn, SUB_NAMES } from './subs.ts'

/**
 * Rights through the call graph: what a sub does must be legal in every built-in sub that reaches it.
 * The complaint names the way: "vcl_recv → normalise → strip".
 */
export function checkRights(k: Checking): void {
  const told = new Set<Use>()
  for (const [i, name] of SUB_NAMES.entries()) {
    const facts = k.facts.get(`vcl_${name}`)
    if (facts !== undefined) walk(k, facts, [`vcl_${name}`], undefined, 1 << i, told, new Set())
  }
}

function walk(
  k: Checking,
  facts: SubFacts,
  path: string[],
  entry: Place | undefined,
  bit: number,
  told: Set<Use>,
  seen: Set<SubFacts>,
): void {
  if (seen.has(facts)) return
  seen.add(facts)
  for (const use of facts.uses) {
    if (use.legal & bit || told.has(use)) continue
    told.add(use)
    complain(k, use, path, entry)
  }
  for (const call of facts.calls) {
    const callee = k.facts.get(call.name)
    if (callee === undefined) continue
    walk(k, callee, [...path, call.name], call.builtin ? entry : call.at, bit, told, seen)
  }
}

/** Inside the built-in rules there is nothing for the operator to see: the call that led there is shown. */
function complain(k: Checking, use: Use, path: readonly string[], entry: Place | undefined): void {
  const where = path.length === 1 ? `in ${path[0]}` : `in ${path[0]} (${path.join(' → ')})`
  const legal = namesIn(use.legal)
  const hint = legal.length === 0 ? undefined : `possible in ${legal.join(', ')}`
  k.error(use.builtin ? (entry ?? use.at) : use.at, `${use.what} ${where}`, hint, 'not-here')
}

/** Deeper calls would end the stack of whoever follows them, here or when they run. */
const CALL_DEPTH_MAX = 2500

/** Recursion is an error: reported once, at the call that closes the ring. So are calls that go too deep. True: neither. */
export function checkRecursion(k: Checking): boolean {
  const depths = new Map<string, number>()
  const errors = k.errors.length
  const visit = (name: string, path: readonly string[]): number => {
    depths.set(name, OPEN)
    let depth = 0
    for (const call of k.facts.get(name)?.calls ?? []) {
      const seen = depths.get(call.name)
      if (seen === OPEN) {
        const ring = [...path.slice(path.indexOf(call.name)), call.name]
        k.error(call.at, `recursion: ${ring.join(' → ')}`, 'a sub cannot call itself, not even through others', 'recursion')
      } else if (path.length > CALL_DEPTH_MAX) depth = TOO_DEEP
      else depth = Math.max(depth, seen ?? visit(call.name, [...path, call.name]))
    }
    depths.set(name, ++depth)
    return depth
  }
  for (const name of k.facts.keys()) if (!depths.has(name)) visit(name, [name])
  const deep = [...depths].find(([, depth]) => depth > CALL_DEPTH_MAX)
  if (deep !== undefined) tooDeep(k, deep[0])
  return k.errors.length === errors
}

/** A sub whose calls are being followed. */
const OPEN = -1
const TOO_DEEP = CALL_DEPTH_MAX + 1

function tooDeep(k: Checking, name: string): void {
  const at = k.facts.get(name)!.calls[0].at
  k.error(at, `calls go deeper than ${CALL_DEPTH_MAX} subs`, `from ${name} on`, 'recursion')
}

/** Subs in an order where each comes after those it calls, of those that `roots` reach. */
export function callOrder(k: Checking, roots: readonly string[]): string[] {
  const order: string[] = []
  const seen = new Set<string>()
  const visit = (name: string): void => {
    if (seen.has(name)) return
    seen.add(name)
    for (const call of k.facts.get(name)?.calls ?? []) visit(call.name)
    order.push(name)
  }
  for (const root of roots) if (k.facts.has(root)) visit(root)
  return order
}
