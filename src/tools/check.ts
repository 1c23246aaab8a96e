import { readFileSync } from 'node:fs'
import { codeOf, messageOf } from '../base/errors.ts'
import { formatExcerpt, type Diagnostic, type SourceSet } from '../vcl/diagnostic.ts'
import { compileVcl, type CompileOptions } from '../vcl/load.ts'

const USAGE = `usage: lacquer check [-p policy=rfc9111|varnish] [-p vcl_path=DIR[:DIR...]] [--emit] FILE...
  Compiles rule files and prints what is wrong with them. Exits 1 if any failed.
    -p policy=NAME    built-in rules to append (rfc9111)
    -p vcl_path=DIRS  where includes are searched
    --emit            print the JavaScript that the rules become`

interface Request {
  readonly files: string[]
  emit: boolean
  policy: CompileOptions['policy']
  vcl_path: string[]
}

/** `lacquer check FILE...`: one OK or ERROR line for each complaint; the exit code. */
export function runCheck(argv: readonly string[], out: (text: string) => void): number {
  if (argv.includes('--help') || argv.includes('-h')) {
    out(`${USAGE}\n`)
    return 0
  }
  const request = parseArguments(argv)
  if (typeof request === 'string') {
    out(`lacquer check: ${request}\n${USAGE}\n`)
    return 1
  }
  const sound = request.files.map((file) => checkFile(file, request, out))
  return sound.every(Boolean) ? 0 : 1
}

/** The request, or what is wrong with the arguments. */
function parseArguments(argv: readonly string[]): Request | string {
  const request: Request = { files: [], emit: false, policy: 'rfc9111', vcl_path: [] }
  for (let i = 0; i < argv.length; i++) {
    const word = argv[i]
    if (word === '--emit') request.emit = true
    else if (word === '-p') {
      const problem = setParameter(request, argv[++i] ?? '')
      if (problem !== undefined) return problem
    } else if (word.startsWith('-') && word !== '-') return `unknown option ${word}`
    else request.files.push(word)
  }
  return request.files.length === 0 ? 'no file given' : request
}

function setParameter(request: Request, text: string): string | undefined {
  const [name, value] = text.split('=', 2) as [string, string | undefined]
  if (name === 'policy' && (value === 'rfc9111' || value === 'varnish')) request.policy = value
  else if (name === 'vcl_path' && value !== undefined) request.vcl_path = value.split(':')
  else return `-p ${text}: expected policy=rfc9111, policy=varnish or vcl_path=DIRS`
  return undefined
}

function checkFile(path: string, request: Request, out: (text: string) => void): boolean {
  let source
  try {
    source = readFileSync(path, 'latin1')
  } catch (error) {
    out(`ERROR ${path}: 0:0 ${codeOf(error) === 'ENOENT' ? 'no such file' : messageOf(error)}\n`)
    return false
  }
  const compiled = compileVcl(source, { path, policy: request.policy, vcl_path: request.vcl_path })
  const sources = compiled.sources
  const complaints = compiled.ok ? compiled.warnings : compiled.diagnostics
  for (const complaint of complaints) out(describe(compiled.ok ? 'WARNING' : 'ERROR', complaint, sources))
  if (compiled.ok) out(`OK ${path}\n`)
  if (compiled.ok && request.emit) out(`${compiled.program.js}\n`)
  return compiled.ok
}

/** `ERROR path: line:col message`, the source line and a caret. */
function describe(kind: string, complaint: Diagnostic, sources: SourceSet): string {
  const { at, message } = complaint
  return `${kind} ${sources.sources[at.source].path}: ${at.line}:${at.column} ${message}\n${formatExcerpt(complaint, sources)}\n`
}
