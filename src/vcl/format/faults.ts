import { globSync } from 'node:fs'
import { readRuleFile } from '../../base/rule-file.ts'
import { SourceSet, type Diagnostic } from '../diagnostic.ts'
import { parseVcl } from '../parse.ts'
import { scan } from '../scan.ts'

/** What is wrong with the text of one file; files that it includes are read, and not judged. */
export function faultsOf(text: string, path: string, vcl_path: readonly string[]): { diagnostics: Diagnostic[]; sources: SourceSet } {
  const loose = looseFaults(text, path)
  if (loose.diagnostics.length > 0 || !beginsRules(text)) return loose
  let missing = false
  const readFile = (name: string): string => {
    try {
      return readRuleFile(name)
    } catch {
      missing = true
      return ''
    }
  }
  const glob = (pattern: string): string[] => {
    const found = globSync(pattern).sort()
    return found.length > 0 ? found : [pattern]
  }
  // The last place always has the file, if only as an empty one.
  const { diagnostics, sources } = parseVcl(text, path, { vcl_path: [...vcl_path.filter((one) => one !== ''), '.'], readFile, glob })
  // Without an included file it may be no wonder that something is missing.
  const own = missing ? [] : diagnostics.filter((one) => one.at.source === 0)
  return { diagnostics: own, sources }
}

/** Is it a whole rule file, not a part that others include? */
function beginsRules(text: string): boolean {
  return /^(?:\s|#[^\n]*\n|\/\/[^\n]*\n|\/\*[^]*?\*\/)*vcl\s/.test(text.slice(0, 65_536))
}

/** What is no token, and braces and parentheses that are not closed: as much as can be said of a part. */
function looseFaults(text: string, path: string): { diagnostics: Diagnostic[]; sources: SourceSet } {
  const sources = new SourceSet()
  const source = sources.add(path, text)
  const diagnostics: Diagnostic[] = []
  const complain = (start: number, end: number, message: string, hint?: string): void => {
    diagnostics.push({ at: sources.place(source, start, end), code: 'syntax', message, ...(hint === undefined ? {} : { hint }) })
  }
  const open: number[] = []
  for (let at = 0; at < text.length && diagnostics.length === 0;) {
    const token = scan(text, at)
    at = token.end
    if (token.kind === 'bad') complain(token.start, token.end, token.problem ?? '', token.hint)
    const mark = token.kind === 'mark' ? text[token.start] : ''
    if (mark === '{' || mark === '(') open.push(token.start)
    if (mark === '}' || mark === ')') closed(open.pop(), token.start)
  }
  if (diagnostics.length === 0 && open.length > 0) complain(open[open.length - 1], open[open.length - 1] + 1, 'this is never closed')
  return { diagnostics, sources }

  function closed(opened: number | undefined, at: number): void {
    const wanted = text[at] === '}' ? '{' : '('
    if (opened === undefined || text[opened] !== wanted) complain(at, at + 1, `unexpected '${text[at]}'`)
  }
}
