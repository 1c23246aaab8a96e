import type { Place, VclFile } from './ast.ts'

interface Visit {
  readonly node: object
  readonly depth: number
}

/** The place of a node nested deeper than `limit`, found without recursion; undefined when there is none. */
export function tooDeep(file: VclFile, limit: number): Place | undefined {
  const waiting: Visit[] = [{ node: file, depth: 0 }]
  for (let visit = waiting.pop(); visit !== undefined; visit = waiting.pop()) {
    const { node, depth } = visit
    if (depth > limit && 'at' in node) return node.at as Place
    const inside = Array.isArray(node) ? depth : depth + 1
    // for-in, as Object.entries made this half of the parse.
    for (const key in node) {
      const child = (node as Record<string, unknown>)[key]
      if (typeof child === 'object' && child !== null && !key.endsWith('at')) waiting.push({ node: child, depth: inside })
    }
  }
  return undefined
}
