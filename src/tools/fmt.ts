import { closeSync, fchmodSync, openSync, realpathSync, renameSync, statSync, unlinkSync, writeSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { codeOf, readFault } from '../base/errors.ts'
import { readRuleFile } from '../base/rule-file.ts'
import type { FormatOptions } from '../config/command-line.ts'
import { formatDiagnostic, type Diagnostic } from '../vcl/diagnostic.ts'
import { formatRules } from '../vcl/format/format.ts'
import { faultsOf } from '../vcl/format/faults.ts'

/** Where text goes: `out` is what was asked for, `complain` is for people. */
export interface FormatStreams {
  readonly out: (text: string | Buffer) => void
  readonly complain: (text: string) => void
  readonly stdin: () => Buffer
}

/** `lacquer fmt FILE...`: 0; 1 when a file is broken or, with --check, not formatted. */
export function runFormat(options: FormatOptions, streams: FormatStreams): number {
  const results = options.files.map((path) => (path === '-' ? formatStdin(options, streams) : formatFile(path, options, streams)))
  return results.every(Boolean) ? 0 : 1
}

/** True: all is well. */
function formatFile(path: string, options: FormatOptions, { out, complain }: FormatStreams): boolean {
  let text
  try {
    text = readRuleFile(path)
  } catch (error) {
    complain(`ERROR ${path}: ${readFault(error)}\n`)
    return false
  }
  const formatted = formatText(text, path, options, complain)
  if (formatted === undefined) return false
  if (formatted === text) return true
  if (!options.check && !replaceFile(path, formatted, complain)) return false
  out(`${path}\n`)
  return !options.check
}

function formatStdin(options: FormatOptions, { out, complain, stdin }: FormatStreams): boolean {
  const text = stdin().toString('latin1')
  const formatted = formatText(text, '<stdin>', options, complain)
  if (formatted === undefined) return false
  if (!options.check) out(Buffer.from(formatted, 'latin1'))
  else if (formatted !== text) out('<stdin>\n')
  return !options.check || formatted === text
}

/** Undefined when there is something wrong, which has been said. */
function formatText(text: string, path: string, options: FormatOptions, complain: (text: string) => void): string | undefined {
  const { diagnostics, sources } = faultsOf(text, path, options.parameters.vcl_path.split(':'))
  if (diagnostics.length > 0) {
    complain(diagnostics.map((one: Diagnostic) => `${formatDiagnostic(one, sources)}\n`).join(''))
    return undefined
  }
  const formatted = formatRules(text)
  if (formatted === undefined) complain(`ERROR ${path}: cannot be formatted without changing it; please report this\n`)
  return formatted
}

/** All or nothing, with the mode that the file had; a link stays one. */
function replaceFile(path: string, text: string, complain: (text: string) => void): boolean {
  let temporary
  try {
    const target = realpathSync(path)
    temporary = join(dirname(target), `.${basename(target)}.${process.pid}.tmp`)
    const file = openSync(temporary, 'wx', 0o600)
    try {
      writeWhole(file, Buffer.from(text, 'latin1'))
      fchmodSync(file, statSync(target).mode & 0o7777)
    } finally {
      closeSync(file)
    }
    renameSync(temporary, target)
    return true
  } catch (error) {
    if (temporary !== undefined) discard(temporary)
    complain(`ERROR ${path}: cannot be written (${codeOf(error) ?? 'error'}); it is as it was\n`)
    return false
  }
}

function writeWhole(file: number, bytes: Buffer): void {
  for (let done = 0; done < bytes.length;) done += writeSync(file, bytes, done)
}

function discard(path: string): void {
  try {
    unlinkSync(path)
  } catch {
    // It was never made.
  }
}
