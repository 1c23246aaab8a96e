import { ANY_BYTE, type ByteSet } from './bytes.ts'
import { ClassReader } from './class-reader.ts'
import { ESCAPE_ANCHORS, GRAPHEME } from './classes.ts'
import { NOT_NEWLINE } from './escapes.ts'
import { NO_FLAGS, type Flags } from './reader.ts'
import { References } from './references.ts'
import { readSettings, type Settings } from './settings.ts'
import type { Anchor, BackreferenceNode, CallNode, Condition, LookNode, RegexNode, Verb } from './tree.ts'

/** An item, or what is none: a comment or setting, or the end of an alternative. */
export type Atom = RegexNode | 'nothing' | 'end'

/** Escapes that are items, references, and all that begins with a parenthesis. */
export abstract class GroupReader extends ClassReader {
  protected readonly settings: Settings
  protected readonly references = new References((message, offset, hint) => this.fail(message, offset, hint))

  constructor(pattern: string) {
    super(pattern)
    this.settings = readSettings(pattern)
    this.at = this.settings.at
  }

  /** Alternatives up to a closing parenthesis or the end. Under (?|…) the numbers of groups begin anew with each. */
  protected abstract alternatives(reset: boolean): readonly RegexNode[]

  // ---- escapes

  protected escape(start: number): Atom {
    const c = this.pattern[this.at] ?? ''
    if (Object.hasOwn(ESCAPE_ANCHORS, c)) {
      this.at++
      return anchor(ESCAPE_ANCHORS[c])
    }
    const reference = this.reference(start)
    if (reference !== undefined) return reference
    if (this.take('K')) return { kind: 'keep' }
    if (this.take('R')) return this.settings.line_end
    if (this.take('X')) return GRAPHEME
    if (c === 'N') return { kind: 'set', set: this.notNewline(start) }
    if (this.take('C')) return { kind: 'set', set: ANY_BYTE }
    const property = this.property(start)
    if (property !== undefined) return { kind: 'set', set: property }
    if (c === '8' || c === '9') this.at++
    return { kind: 'set', set: this.inCase(c === '8' || c === '9' ? c.charCodeAt(0) : this.escapedByte(start)) }
  }

  private notNewline(start: number): ByteSet {
    this.at++
    if (this.looking('{') && this.match(/(?=\{[0-9]+(?:,[0-9]*)?\})/y) === undefined) {
      this.fail('\\N{…} (a character by its name or number)', start, 'patterns match bytes: \\xhh')
    }
    return NOT_NEWLINE
  }

  private reference(start: number): RegexNode | undefined {
    if (this.take('k')) return this.backreference(this.delimitedName(start), start)
    if (this.take('g')) return this.referenceOfG(start)
    const digits = /[1-9][0-9]*/y
    digits.lastIndex = this.at
    const found = digits.exec(this.pattern)?.[0]
    if (found === undefined || !(found.length === 1 || found[0] >= '8' || Number(found) <= this.groups)) return undefined
    this.at += found.length
    return this.backreference(Number(found), start)
  }

  private referenceOfG(start: number): RegexNode {
    if (this.looking('<') || this.looking("'")) return this.subroutineOfG(start)
    const braced = this.take('{')
    const number = this.groupNumber()
    if (number === undefined) {
      if (!braced)
        this.fail('\\g without a group', start, '\\g{1} and \\g{name} are what a group matched, \\g<name> is the group once more')
      return this.backreference(this.name('}'), start)
    }
    if (braced && !this.take('}')) this.fail('missing }')
    if (number === 0) this.fail('\\g0 is no group', start, 'groups count from 1')
    return this.backreference(number, start)
  }

  private subroutineOfG(start: number): RegexNode {
    const end = this.take('<') ? '>' : this.pattern[this.at++]
    const number = this.groupNumber()
    if (number !== undefined && !this.take(end)) this.fail(`missing ${end}`)
    return this.call(number ?? this.name(end), start)
  }

  private delimitedName(start: number): string {
    const open = this.pattern[this.at++]
    const end = open === '{' ? '}' : open === '<' ? '>' : open === "'" ? "'" : undefined
    return end === undefined ? this.fail('\\k without {name}', start, 'write \\k{name}') : this.name(end)
  }

  private backreference(to: number | string, start: number): RegexNode {
    const node: { -readonly [K in keyof BackreferenceNode]: BackreferenceNode[K] } = {
      kind: 'backreference',
      indexes: [],
      fold: this.flags.fold,
    }
    this.references.later(to, start, (indexes) => (node.indexes = indexes))
    return node
  }

  private call(to: number | string, start: number): RegexNode {
    const node: { -readonly [K in keyof CallNode]: CallNode[K] } = { kind: 'call', index: 0 }
    if (to !== 0) this.references.later(to, start, (indexes) => (node.index = indexes[0]))
    return node
  }

  // ---- groups

  protected group(start: number): Atom {
    if (this.looking('*')) return this.verbOrWord(start)
    const outer = this.flags
    if (!this.take('?')) return outer.no_capture ? this.inside(outer) : this.capture(outer)
    if (this.take('|')) return this.reset(outer)
    if (this.take('>')) return { kind: 'atomic', item: this.inside(outer) }
    if (this.take('(')) return this.condition(outer, start)
    if (this.looking('C')) return this.callout(start)
    const look = this.match(/<?[=!*]|\*/y)
    if (look !== undefined) return this.look(LOOKS[look[0]], outer, start)
    return this.named(outer, start) ?? this.called(start) ?? this.setFlags(outer, start)
  }

  private inside(outer: Flags): RegexNode {
    return this.close(choiceOf(this.alternatives(false)), outer)
  }

  private reset(outer: Flags): RegexNode {
    this.references.has_resets = true
    return this.close(choiceOf(this.alternatives(true)), outer)
  }

  private close(item: RegexNode, outer: Flags): RegexNode {
    if (!this.take(')')) this.fail('missing )', this.at, 'a parenthesis itself is \\(')
    this.flags = outer
    return item
  }

  private capture(outer: Flags): RegexNode {
    const index = ++this.groups
    return { kind: 'capture', index, item: this.inside(outer) }
  }

  private named(outer: Flags, start: number): Atom | undefined {
    const open = this.match(/P?<|'/y)
    if (open === undefined) {
      if (!this.take('P=')) return undefined
      return this.backreference(this.name(')'), start)
    }
    const name = this.name(open[0] === "'" ? "'" : '>')
    this.references.define(name, this.groups + 1, outer.same_names, start)
    return this.capture(outer)
  }

  private called(start: number): RegexNode | undefined {
    if (this.take('R')) return this.take(')') ? this.call(0, start) : this.fail('(?R without )', start)
    if (this.match(/&|P>/y) !== undefined) return this.call(this.name(')'), start)
    if (!/^[+-]?[0-9]/.test(this.pattern.slice(this.at, this.at + 2))) return undefined
    const number = this.groupNumber()
    return this.take(')') ? this.call(number ?? 0, start) : this.fail('missing )')
  }

  /** (?i), (?^s-x:…). */
  private setFlags(outer: Flags, start: number): Atom {
    const found = this.match(/(\^?)([imsxnJU]*)(?:(-)([imsxnJU]*))?([:)]?)/y)
    if (found === undefined || found[5] === '' || (found[1] !== '' && found[3] !== undefined)) {
      const hint = 'known are (?:…) (?|…) (?>…) (?=…) (?!…) (?<=…) (?<!…) (?<name>…) (?flags:…) and (?flags), with flags of imsxnJU and -'
      this.fail(`unknown group ${this.pattern.slice(start, this.at + 1)}`, start, hint)
    }
    this.flags = changed(
      found[1] === '' ? outer : { ...NO_FLAGS, same_names: outer.same_names, lazy: outer.lazy },
      found[2],
      found[4] ?? '',
    )
    return found[5] === ')' ? 'nothing' : this.inside(outer)
  }

  private look(kind: Look, outer: Flags, start: number): LookNode {
    const options = this.alternatives(false)
    const node: LookNode = { kind: 'look', ...kind, item: this.close(choiceOf(options), outer), options, widths: [] }
    this.references.addLook(node, start)
    return node
  }

  /** Nobody listens to them here; as in Varnish, they match the empty string. */
  private callout(start: number): Atom {
    if (this.match(/C(?:[0-9]*|([`'"^%#$])(?:(?!\1)[^]|\1\1)*\1|\{(?:[^}]|\}\})*\})\)/y) === undefined)
      this.fail('a callout that is not (?Cn)', start, 'leave it out: nothing is called')
    return 'nothing'
  }

  private verbOrWord(start: number): Atom {
    const outer = this.flags
    const word = this.match(/\*([a-z_]+):/y)?.[1]
    if (word === undefined) return this.verb(start)
    if (word === 'atomic') return { kind: 'atomic', item: this.inside(outer) }
    if (Object.hasOwn(LOOK_WORDS, word)) return this.look(LOOKS[LOOK_WORDS[word]], outer, start)
    const known = Object.keys(LOOK_WORDS).map((each) => `(*${each}:`)
    return this.fail(`(*${word}: is not supported`, start, `known are (*atomic: and ${known.join(' ')}`)
  }

  private verb(start: number): Atom {
    const [, name = '', argument = ''] = this.match(/\*([^:)]{0,40})(?::([^)]*))?\)/y) ?? []
    const verb = Object.hasOwn(VERBS, name) && !(name === 'SKIP' && argument !== '') ? VERBS[name] : undefined
    if (verb !== undefined) return { kind: 'verb', verb }
    // A mark is only for who asks for it.
    if ((name === 'MARK' || name === '') && argument !== '') return 'nothing'
    const hint = `known are ${Object.keys(VERBS)
      .map((each) => `(*${each})`)
      .join(' ')}, and settings at the very beginning`
    return this.fail(`(*${name}${argument && ':'}${argument}) is not supported`, start, hint)
  }

  // ---- conditions

  private condition(outer: Flags, start: number): RegexNode {
    const test = this.conditionTest(start)
    const options = this.alternatives(false)
    const define = test.kind === 'known' && !test.value
    if (options.length > (define ? 1 : 2)) {
      this.fail(
        'a condition has too many alternatives',
        start,
        define ? '(?(DEFINE)…) has one' : '(?(test)yes|no) has two: put (?:…) around others',
      )
    }
    const [yes, no = EMPTY] = options
    return this.close({ kind: 'condition', test, yes, no }, outer)
  }

  private conditionTest(start: number): Condition {
    if (this.looking('?') || this.looking('*')) return this.lookTest(start)
    const number = this.groupNumber()
    if (number === 0) this.fail('group 0 in a condition', start, 'groups count from 1')
    if (number !== undefined) return this.groupTest(number, start)
    const version = this.match(/VERSION(>?)=([0-9]+)(?:\.([0-9]{1,2}))?\)/y)
    if (version !== undefined) return { kind: 'known', value: isVersion(version) }
    if (this.take('R&')) return this.callTest(this.name(')'), start)
    const open = this.match(/[<']/y)?.[0]
    if (open !== undefined) return this.groupTest(this.name(open === '<' ? '>' : "'"), start)
    return this.wordTest(start)
  }

  /** A name without marks around it, R for a call, or DEFINE. */
  private wordTest(start: number): Condition {
    const name = this.name(')')
    if (name === 'DEFINE') return { kind: 'known', value: false }
    const node: { kind: 'called' | 'set'; indexes: readonly number[] } = { kind: 'called', indexes: [-1] }
    const number = /^R([0-9]*)$/.exec(name)?.[1]
    this.references.laterNameOr(name, number, start, (kind, indexes) => Object.assign(node, { kind, indexes }))
    return node
  }

  private groupTest(to: number | string, start: number): Condition {
    if (!this.take(')')) this.fail('missing ) behind the condition')
    return this.resolved({ kind: 'set', indexes: [] as readonly number[] } as const, to, start)
  }

  private callTest(to: string, start: number): Condition {
    return this.resolved({ kind: 'called', indexes: [] as readonly number[] } as const, to, start)
  }

  private resolved<N extends { readonly indexes: readonly number[] }>(node: N, to: number | string, start: number): N {
    const made = { ...node }
    this.references.later(to, start, (indexes) => Object.assign(made, { indexes }))
    return made
  }

  private lookTest(start: number): Condition {
    const outer = this.flags
    const symbol = this.match(/\?(<?[=!])/y)?.[1]
    const word = symbol === undefined ? this.match(/\*([a-z_]+):/y)?.[1] : undefined
    const look = symbol === undefined ? LOOKS[LOOK_WORDS[word ?? ''] ?? ''] : LOOKS[symbol]
    if (look === undefined || !look.atomic)
      this.fail('a condition that is no assertion', start, '(?(?=…)yes|no), (?(1)yes|no) or (?(<name>)yes|no)')
    return this.look(look, outer, start)
  }
}

type Look = Pick<LookNode, 'behind' | 'negative' | 'atomic'>

const LOOKS: Readonly<Record<string, Look>> = {
  '=': { behind: false, negative: false, atomic: true },
  '!': { behind: false, negative: true, atomic: true },
  '<=': { behind: true, negative: false, atomic: true },
  '<!': { behind: true, negative: true, atomic: true },
  '*': { behind: false, negative: false, atomic: false },
  '<*': { behind: true, negative: false, atomic: false },
}

const VERBS: Readonly<Record<string, Verb>> = {
  ACCEPT: 'accept',
  FAIL: 'fail',
  F: 'fail',
  COMMIT: 'commit',
  PRUNE: 'prune',
  SKIP: 'skip',
  THEN: 'then',
}

const LOOK_WORDS: Readonly<Record<string, string>> = {
  pla: '=',
  positive_lookahead: '=',
  nla: '!',
  negative_lookahead: '!',
  plb: '<=',
  positive_lookbehind: '<=',
  nlb: '<!',
  negative_lookbehind: '<!',
  napla: '*',
  non_atomic_positive_lookahead: '*',
  naplb: '<*',
  non_atomic_positive_lookbehind: '<*',
}

const EMPTY: RegexNode = { kind: 'sequence', items: [] }

export function anchor(kind: Anchor): RegexNode {
  return { kind: 'anchor', anchor: kind }
}

export function choiceOf(options: readonly RegexNode[]): RegexNode {
  return options.length === 1 ? options[0] : { kind: 'choice', options }
}

function changed(flags: Flags, on: string, off: string): Flags {
  const set = (letter: string, now: boolean) => (now || on.includes(letter)) && !off.includes(letter)
  return {
    fold: set('i', flags.fold),
    dot_all: set('s', flags.dot_all),
    lines: set('m', flags.lines),
    extended: set('x', flags.extended),
    extended_more: (on.includes('x') ? on.includes('xx') : flags.extended_more) && !off.includes('x'),
    no_capture: set('n', flags.no_capture),
    same_names: set('J', flags.same_names),
    lazy: set('U', flags.lazy),
  }
}

/** The PCRE2 that patterns are compared with. */
const VERSION = [10, 42] as const

function isVersion([, or_more, major, minor = '0']: RegExpExecArray): boolean {
  const asked = Number(major) * 100 + Number(minor.padEnd(2, '0'))
  const own = VERSION[0] * 100 + VERSION[1]
  return or_more === '' ? own === asked : own >= asked
}
