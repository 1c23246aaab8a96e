import { parseAst } from 'rolldown/parseAst'

/** What a piece of JavaScript names: read by a parser that is not ours, and is no part of what made it. */
export interface Names {
  /** Identifiers that are used and declared nowhere in it. */
  readonly free: ReadonlySet<string>
  /** Behind a dot, and keys of objects. */
  readonly members: ReadonlySet<string>
  /** All texts in quotes. */
  readonly texts: readonly string[]
  /** Kinds of nodes: "Identifier", "CallExpression" … */
  readonly kinds: ReadonlySet<string>
}

interface JsNode {
  readonly type: string
  readonly [key: string]: unknown
}

/** Of the body of `function (runtime, host)`. */
export function namesIn(body: string): Names {
  const walk = new Walk()
  walk.visit(parseAst(`(function (runtime, host) {\n${body}\n})`, { lang: 'js', sourceType: 'script' }))
  return {
    free: new Set([...walk.used].filter((name) => !walk.declared.has(name))),
    members: walk.members,
    texts: walk.texts,
    kinds: walk.kinds,
  }
}

class Walk {
  readonly used = new Set<string>()
  readonly declared = new Set<string>()
  readonly members = new Set<string>()
  readonly texts: string[] = []
  readonly kinds = new Set<string>()

  visit(node: unknown): void {
    if (Array.isArray(node)) for (const one of node) this.visit(one)
    else if (isNode(node)) this.node(node)
  }

  private node(node: JsNode): void {
    this.kinds.add(node.type)
    switch (node.type) {
      case 'Identifier':
        this.used.add(node['name'] as string)
        return
      case 'Literal':
        if (typeof node['value'] === 'string') this.texts.push(node['value'])
        return
      case 'MemberExpression':
        this.visit(node['object'])
        return node['computed'] === true ? this.visit(node['property']) : this.member(node['property'])
      case 'Property':
        if (node['computed'] === true) this.visit(node['key'])
        else this.member(node['key'])
        return this.visit(node['value'])
      case 'VariableDeclarator':
        this.note(node['id'])
        return this.visit(node['init'])
      case 'FunctionDeclaration':
      case 'FunctionExpression':
      case 'ArrowFunctionExpression':
        this.note(node['id'])
        this.note(node['params'])
        return this.visit(node['body'])
      case 'CatchClause':
        this.note(node['param'])
        return this.visit(node['body'])
      case 'LabeledStatement':
        return this.visit(node['body'])
      case 'BreakStatement':
        return
      default:
        for (const value of Object.values(node)) this.visit(value)
    }
  }

  private member(key: unknown): void {
    if (isNode(key)) this.members.add((key['name'] ?? key['value']) as string)
  }

  private note(pattern: unknown): void {
    if (Array.isArray(pattern)) for (const one of pattern) this.note(one)
    if (!isNode(pattern)) return
    if (pattern.type === 'Identifier') this.declared.add(pattern['name'] as string)
    else if (pattern.type === 'ObjectPattern') for (const property of pattern['properties'] as JsNode[]) this.note(property['value'])
    else throw new Error(`a pattern of kind ${pattern.type}`)
  }
}

function isNode(value: unknown): value is JsNode {
  return typeof value === 'object' && value !== null && 'type' in value
}
