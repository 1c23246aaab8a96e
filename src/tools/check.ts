import { readFileSync } from 'node:fs'
import { readFault } from '../base/errors.ts'
import type { CheckOptions } from '../config/command-line.ts'
import { formatExcerpt, type Diagnostic, type SourceSet } from '../vcl/diagnostic.ts'
import { compileVcl } from '../vcl/load.ts'

/** `lacquer check FILE...`: one OK or ERROR line for each complaint; the exit code, 1 if any file failed. */
export function runCheck(options: CheckOptions, out: (text: string) => void): number {
  const sound = options.files.map((file) => checkFile(file, options, out))
  return sound.every(Boolean) ? 0 : 1
}

function checkFile(path: string, options: CheckOptions, out: (text: string) => void): boolean {
  const { parameters } = options
  let source
  try {
    source = readFileSync(path, 'latin1')
  } catch (error) {
    out(`ERROR ${path}: 0:0 ${readFault(error)}\n`)
    return false
  }
  const compiled = compileVcl(source, {
    path,
    policy: parameters.policy,
    vcl_path: parameters.vcl_path.split(':'),
    errUnref: parameters.vcc_err_unref,
    ...(options.stores === undefined ? {} : { stores: options.stores }),
  })
  const sources = compiled.sources
  const complaints = compiled.ok ? compiled.warnings : compiled.diagnostics
  for (const complaint of complaints) out(describe(compiled.ok ? 'WARNING' : 'ERROR', complaint, sources))
  if (compiled.ok) out(`OK ${path}\n`)
  if (compiled.ok && options.emit) out(`${compiled.program.js}\n`)
  return compiled.ok
}

/** `ERROR path: line:col message`, the source line and a caret. */
function describe(kind: string, complaint: Diagnostic, sources: SourceSet): string {
  const { at, message } = complaint
  return `${kind} ${sources.sources[at.source].path}: ${at.line}:${at.column} ${message}\n${formatExcerpt(complaint, sources)}\n`
}
