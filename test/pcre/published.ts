import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { askPcre, type Question } from './oracle.ts'
import { differences } from './ours.ts'

/**
 * How many of PCRE2's own tests (testdata/testinput1 of its source, which is not kept here) go as PCRE2 has them:
 *
 *   node test/pcre/published.ts FILE
 *
 * Asks the PCRE2 of this machine, as record.ts does.
 */
const MODIFIERS: Readonly<Record<string, string>> = {
  i: 'i',
  s: 's',
  m: 'm',
  x: 'x',
  xx: 'xx',
  n: 'n',
  g: '',
  caseless: 'i',
  dotall: 's',
  multiline: 'm',
  extended: 'x',
  dupnames: 'J',
  ungreedy: 'U',
  aftertext: '',
  mark: '',
  global: '',
  no_start_optimize: '',
  no_auto_possess: '',
  allaftertext: '',
  allcaptures: '',
}

/** Undefined when it asks for more than a pattern can say of itself. */
function flagsOf(modifiers: string): string | undefined {
  const words = modifiers
    .split(',')
    .flatMap((word) => (word in MODIFIERS ? [word] : /^[ismxng]+$/.test(word) ? word.replace('xx', 'x').split('') : [word]))
  const known = words.filter((word) => word !== '')
  return known.every((word) => word in MODIFIERS) ? known.map((word) => MODIFIERS[word]).join('') : undefined
}

function unescaped(line: string): string {
  return line
    .replace(/\\=.*$/, '')
    .replace(/\\(?:x\{([0-9a-fA-F]+)\}|x([0-9a-fA-F]{1,2})|([0-7]{1,3})|([^]))/g, (_, braced, hex, octal, c: string | undefined) =>
      c === undefined
        ? String.fromCharCode(octal === undefined ? parseInt(braced ?? hex, 16) & 255 : parseInt(octal, 8) & 255)
        : (NAMED[c] ?? c),
    )
}
const NAMED: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', f: '\f', a: '\x07', e: '\x1b', b: '\b' }

function read(text: string): { asked: Question[]; skipped: number } {
  const asked: Question[] = []
  let skipped = 0
  const test = /^([/"'!,])((?:\\[^]|(?!\1)[^\\])*)\1([\w,=]*)\n((?:[ \t]+.*\n|\\=.*\n)*)/gm
  for (const [, , source, modifiers, lines] of text.matchAll(test)) {
    const flags = flagsOf(modifiers)
    const subjects = lines
      .split('\n')
      .filter((line) => /^\s/.test(line))
      .map((line) => unescaped(line.trim()))
    if (flags === undefined) skipped++
    // Settings have to come first.
    else asked.push({ pattern: flags === '' ? source : source.replace(/^(?:\(\*[A-Z_]+(?:=\d+)?\))*/, `$&(?${flags})`), subjects })
  }
  return { asked, skipped }
}

const { positionals } = parseArgs({ allowPositionals: true })
const { asked, skipped } = read(readFileSync(positionals[0], 'latin1'))
let [same, subjects] = [0, 0]
for (const [i, verdict] of askPcre(asked).entries()) {
  const found = differences(verdict, asked[i].subjects)
  subjects += asked[i].subjects.length
  if (found.length === 0) same++
  else console.log(`${JSON.stringify(asked[i].pattern)}\n  ${found[0]}`)
}
console.log(
  `${same} of ${asked.length} patterns as PCRE2 has them, on ${subjects} subjects; ${skipped} ask for options that patterns cannot say`,
)
