import { readFault } from '../base/errors.ts'
import { readRuleFile } from '../base/rule-file.ts'
import type { CheckOptions } from '../config/command-line.ts'
import type { DiagnosticCode } from '../vcl/diagnostic-codes.ts'
import { endOf, formatExcerpt, printable, type Diagnostic, type SourceSet } from '../vcl/diagnostic.ts'
import { compileVcl } from '../vcl/load.ts'

/** What `--json` says of a complaint: lines and columns from 1, columns in UTF-16 code units, the end behind the last character. */
export interface JsonDiagnostic {
  readonly file: string
  readonly line: number
  readonly column: number
  readonly endLine: number
  readonly endColumn: number
  readonly severity: 'error' | 'warning'
  readonly code: DiagnosticCode
  readonly message: string
  readonly hint?: string
}

/** Who shows what is found: people line by line, programs all at the end. */
interface Reporter {
  complaints(found: readonly Diagnostic[], sources: SourceSet): void
  unreadable(path: string, why: string): void
  sound(path: string, js: string): void
  end(): void
}

/** `lacquer check FILE...`: one OK or ERROR line for each complaint; the exit code, 1 if any file failed. */
export function runCheck(options: CheckOptions, out: (text: string) => void): number {
  const reporter = options.json ? new JsonReporter(out) : new TextReporter(out, options.emit)
  const sound = options.files.map((file) => checkFile(file, options, reporter))
  reporter.end()
  return sound.every(Boolean) ? 0 : 1
}

function checkFile(path: string, options: CheckOptions, reporter: Reporter): boolean {
  const { parameters } = options
  let source
  try {
    source = readRuleFile(path === '-' ? '/dev/stdin' : path)
  } catch (error) {
    reporter.unreadable(path, readFault(error))
    return false
  }
  const compiled = compileVcl(source, {
    path: path === '-' ? '<stdin>' : path,
    policy: parameters.policy,
    vcl_path: parameters.vcl_path.split(':'),
    errUnref: parameters.vcc_err_unref,
    ...(options.stores === undefined ? {} : { stores: options.stores }),
  })
  reporter.complaints(compiled.ok ? compiled.warnings : compiled.diagnostics, compiled.sources)
  if (compiled.ok) reporter.sound(path, compiled.program.js)
  return compiled.ok
}

/** `ERROR path: line:col message`, the source line and a caret. */
class TextReporter implements Reporter {
  private readonly out: (text: string) => void
  private readonly emit: boolean

  constructor(out: (text: string) => void, emit: boolean) {
    this.out = out
    this.emit = emit
  }

  complaints(found: readonly Diagnostic[], sources: SourceSet): void {
    for (const one of found) {
      const kind = one.severity === 'warning' ? 'WARNING' : 'ERROR'
      const { path } = sources.sources[one.at.source]
      this.out(`${kind} ${path}: ${one.at.line}:${one.at.column} ${printable(one.message)}\n${formatExcerpt(one, sources)}\n`)
    }
  }

  unreadable(path: string, why: string): void {
    this.out(`ERROR ${path}: 0:0 ${why}\n`)
  }

  sound(path: string, js: string): void {
    this.out(`OK ${path}\n`)
    if (this.emit) this.out(`${js}\n`)
  }

  end(): void {}
}

/** One array for all files, a line for each complaint; empty when there is none. */
class JsonReporter implements Reporter {
  private readonly out: (text: string) => void
  private readonly found: JsonDiagnostic[] = []

  constructor(out: (text: string) => void) {
    this.out = out
  }

  complaints(found: readonly Diagnostic[], sources: SourceSet): void {
    for (const one of found) this.found.push(jsonOf(one, sources))
  }

  unreadable(file: string, message: string): void {
    this.found.push({ file, line: 1, column: 1, endLine: 1, endColumn: 1, severity: 'error', code: 'syntax', message })
  }

  sound(): void {}

  end(): void {
    this.out(this.found.length === 0 ? '[]\n' : `[\n${this.found.map((one) => `  ${JSON.stringify(one)}`).join(',\n')}\n]\n`)
  }
}

function jsonOf({ at, severity, code, message, hint }: Diagnostic, sources: SourceSet): JsonDiagnostic {
  const end = endOf(at, sources)
  const { path } = sources.sources[at.source]
  return {
    file: path,
    line: at.line,
    column: unitsBefore(at.source, at.line, at.column, sources),
    endLine: end.line,
    endColumn: unitsBefore(at.source, end.line, end.column, sources),
    severity: severity ?? 'error',
    code: code ?? 'syntax',
    message: printable(message),
    ...(hint === undefined ? {} : { hint: printable(hint) }),
  }
}

/** Columns count bytes; editors count what is shown of a line that is UTF-8. */
function unitsBefore(source: number, line: number, column: number, sources: SourceSet): number {
  const { text, line_starts } = sources.sources[source]
  const start = line_starts[line - 1]
  return printable(text.slice(start, start + column - 1)).length + 1
}
