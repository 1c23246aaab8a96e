import type { CommonContext } from '../runtime/context.ts'
import { VclFailure } from '../runtime/failure.ts'
import { define, type } from './define.ts'
import type { Vmod, VmodLoad } from './vmod.ts'

type Text = string | undefined

/** Rules may add at any time: somewhere it ends. */
const CHOICES_MAX = 1000

class Rule {
  readonly fallback: Text
  readonly choices: string[] = []

  constructor(fallback: Text) {
    this.fallback = fallback
  }

  add(text: Text): void {
    if (text === undefined || this.choices.includes(text)) return
    if (this.choices.length >= CHOICES_MAX) throw new VclFailure(`accept: a rule has at most ${CHOICES_MAX} choices`)
    this.choices.push(text)
  }

  remove(text: Text): void {
    const i = this.choices.indexOf(text ?? '')
    if (i >= 0) this.choices.splice(i, 1)
  }

  /** The first choice, in their order, that the header names. Its parameters and weights do not count. */
  filter(header: Text): Text {
    if (header === undefined) return this.fallback
    const named = new Set(header.split(',').map((member) => member.split(';', 1)[0].trim()))
    return this.choices.find((choice) => named.has(choice)) ?? this.fallback
  }
}

/** Accept and its siblings with few values. */
export const accept: Vmod = {
  name: 'accept',
  doc: 'One of a few values for Accept, Accept-Language and Accept-Encoding, so that a response is not stored in as many variants as there are browsers.',
  functions: {},
  objects: {
    rule: type(
      ['STRING string'],
      'A list of valid choices; the argument is what is taken when the header names none of them.',
      (_c: CommonContext, _load: VmodLoad, _name: string, fallback: Text) => new Rule(fallback),
      {
        add: define(
          'VOID',
          ['STRING string'],
          'Adds a valid choice, behind those that are there.',
          (_c: CommonContext, rule: Rule, text: Text) => rule.add(text),
        ),
        remove: define('VOID', ['STRING string'], 'Removes one.', (_c: CommonContext, rule: Rule, text: Text) => rule.remove(text)),
        filter: define(
          'STRING',
          ['STRING string'],
          'The first of the choices that this header names, or the fallback. Parameters and weights do not count.',
          (_c: CommonContext, rule: Rule, text: Text) => rule.filter(text),
        ),
      },
    ),
  },
  unsupported: {},
}
