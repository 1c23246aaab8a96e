import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { VmodArgument, VmodFunction } from '../../src/vcl/vmods/vmod.ts'
import { VMODS } from '../../src/vcl/vmods/vmods.ts'

/**
 * Functions, types of objects and methods with what they return and take, out of the modules' binaries: varnish 7.1.1, varnish-modules
 * 0.20.0, digest 6.4. An argument: its type, its name ("_": none), its default, "?" when it may be left out.
 */
type Signature = readonly [name: string, returns: string, args: readonly string[]]
const SIGNATURES = JSON.parse(readFileSync(new URL('./upstream.json', import.meta.url), 'utf8')) as Signature[]

interface Ours {
  readonly returns: string
  readonly args: readonly VmodArgument[]
}

/** Undefined: there is none. */
function ours(name: string): Ours | undefined {
  const [module, first, second] = name.replace(/^new /, '').split('.') as [string, string, string | undefined]
  const { functions, objects } = VMODS[module]
  if (name.startsWith('new ')) return objects?.[first] && { returns: 'VOID', args: objects[first].args }
  const fn: VmodFunction | undefined = second === undefined ? functions[first] : objects?.[first]?.methods[second]
  return fn
}

function refused(name: string): boolean {
  const [module, fn] = name.replace(/^new /, '').split('.')
  return VMODS[module].unsupported[fn] !== undefined
}

function plain(type: string): string {
  return type === 'STRANDS' ? 'STRING' : type
}

/** "STRING s=, ": its type, its name, whether it may be left out. */
function written(text: string): string[] {
  const [, type, name, rest] = /^(\w+) (\w+)(.*)$/s.exec(text)!
  return [type, name, rest === '' ? '' : '?']
}

describe('modules take what those of Varnish take', () => {
  const own = SIGNATURES.filter(([name]) => !refused(name))

  test('most of them', () => {
    expect(SIGNATURES.length).toBeGreaterThan(180)
    expect(SIGNATURES.length - own.length).toBeLessThan(25)
  })

  test.each(own)('%s', (name, returns, args) => {
    const found = ours(name)
    expect(plain(found!.returns)).toBe(returns)
    const theirs = args.map(written)
    const taken = found!.args.map((arg, i) => {
      const named = theirs[i]?.[1] === '_' ? '_' : arg.name
      return [plain(arg.type), named, arg.optional === true || arg.default !== undefined ? '?' : '']
    })
    // Ours may be left out where theirs must be given.
    expect(taken.map(([type, arg, optional], i) => [type, arg, theirs[i]?.[2] === '' ? '' : optional])).toEqual(theirs)
  })
})
