import { readFileSync } from 'node:fs'
import type { Place, VclFile } from './ast.ts'
import { checkVcl } from './check/check.ts'
import type { Checking, CheckOptions } from './check/checking.ts'
import { checkFootguns } from './check/footguns.ts'
import { resolveHost } from './check/hosts.ts'
import { checkReach } from './check/reach.ts'
import { usageOf } from './check/usage.ts'
import { formatDiagnostic, inFileOrder, type Diagnostic, type SourceSet } from './diagnostic.ts'
import { emitProgram } from './emit.ts'
import { Tracing } from './emit-trace.ts'
import { instantiateVcl, type VclImage } from './instantiate.ts'
import { parseVcl, type ParseResult } from './parse.ts'
import type { BackendDeclaration, LoadedVcl, VclHost } from './runtime/context.ts'
import { symbolTable, type VclSymbol } from './symbol-table.ts'

export interface CompileOptions {
  /** As shown in messages; includes that begin with "./" are relative to it. */
  readonly path: string
  readonly policy: 'rfc9111' | 'varnish'
  readonly vcl_path: readonly string[]
  /** Bytes as latin1; throws when there is no such file. Left out: the disk. */
  readonly readFile?: (path: string) => string
  /** Paths that a shell pattern of `include +glob` names, sorted. Left out: those on the disk. */
  readonly glob?: (pattern: string) => string[]
  /** Addresses of a host name in an ACL, none when it does not resolve. Left out: the system's resolver. */
  readonly resolveHost?: (name: string) => string[]
  /** vcc_err_unref: unused declarations are errors (the default). */
  readonly errUnref?: boolean
  /** Names behind `storage.`: others are errors. Left out: any name will do. */
  readonly stores?: readonly string[]
  /** Names of the labels that there are: others are errors. Left out: any name will do. */
  readonly labels?: readonly string[]
  /** The code tells a TraceSink what it does. It is slower, and every sub is called, also where a request could do without. */
  readonly trace?: boolean
}

export type Compiled =
  | {
      readonly ok: true
      readonly program: CompiledVcl
      readonly warnings: readonly Diagnostic[]
      readonly text: string
      readonly sources: SourceSet
    }
  | { readonly ok: false; readonly diagnostics: readonly Diagnostic[]; readonly text: string; readonly sources: SourceSet }

export interface CompiledVcl {
  readonly js: string
  readonly backends: readonly BackendDeclaration[]
  readonly image: VclImage
  /** That return (vcl(..)) names. */
  readonly labels: readonly string[]
  readonly symbols: readonly VclSymbol[]
  instantiate(host: VclHost, name?: string): LoadedVcl
}

/** Parses, checks and emits. `source` is latin1, one character a byte. Never throws for what the rules hold. */
export function compileVcl(source: string, options: CompileOptions): Compiled {
  const { path, vcl_path, readFile, glob } = options
  const parsed = parseVcl(source, path, { vcl_path, ...(readFile && { readFile }), ...(glob && { glob }) })
  const { ast: builtin, sources: ours } = builtinRules(options.policy)
  const checking = {
    errUnref: options.errUnref ?? true,
    resolveHost: options.resolveHost ?? resolveHost,
    stores: options.stores,
    labels: options.labels,
  }
  if (parsed.ast === undefined) return refused(allErrors(parsed, builtin, checking), parsed.sources)
  const { k, program } = checkVcl(parsed.ast, builtin, checking)
  if (program === undefined) return refused(withWarnings(k), parsed.sources)
  checkReach(k, program)
  checkFootguns(k, program, options.policy)
  k.warnings.sort(inFileOrder)
  const describe = (at: Place, inBuiltin: boolean) =>
    inBuiltin
      ? `builtin.${options.policy}.vcl:${at.line}:${at.column}`
      : `${parsed.sources.sources[at.source].path}:${at.line}:${at.column}`
  const usage = usageOf(k, program)
  const files = parsed.sources.sources
  const tracing =
    options.trace === true
      ? new Tracing((at, inBuiltin) => (inBuiltin ? [ours.sources[at.source], files.length] : [files[at.source], at.source]))
      : undefined
  const js = emitProgram(program, describe, tracing)
  const image: VclImage = {
    path,
    syntax: program.syntax,
    js,
    usage: tracing === undefined ? usage : { ...usage, ...NOTHING_SKIPPED },
    vcl_path,
    trace: tracing?.points,
  }
  const compiled: CompiledVcl = {
    js,
    backends: program.backends,
    image,
    labels: [...k.labels],
    symbols: symbolTable(k.globals.values(), parsed.sources.sources),
    instantiate: (host, name) => instantiateVcl(image, host, name),
  }
  return { ok: true, program: compiled, warnings: k.warnings, text: formatAll(k.warnings, parsed.sources), sources: parsed.sources }
}

/** Nobody reads more at once. */
const ERRORS_MAX = 100

/** Not what is unused, though: that may be for the errors. */
function withWarnings({ errors, warnings }: Checking): Diagnostic[] {
  return [...errors, ...warnings.filter(({ code }) => code !== 'unused')].sort(inFileOrder)
}

/** Syntax errors, and what else is wrong in the rest. */
function allErrors({ diagnostics, rest }: ParseResult, builtin: VclFile, options: Omit<CheckOptions, 'syntax'>): Diagnostic[] {
  if (rest === undefined) return diagnostics
  const { k } = checkVcl(rest.ast, builtin, { ...options, lost: rest.lost })
  return [...diagnostics, ...withWarnings(k)].sort(inFileOrder)
}

function refused(diagnostics: readonly Diagnostic[], sources: SourceSet): Compiled {
  return { ok: false, diagnostics: diagnostics.slice(0, ERRORS_MAX), sources, text: formatAll(diagnostics.slice(0, ERRORS_MAX), sources) }
}

function formatAll(diagnostics: readonly Diagnostic[], sources: SourceSet): string {
  return diagnostics.map((diagnostic) => formatDiagnostic(diagnostic, sources)).join('\n')
}

const NOTHING_SKIPPED = { respTouched: true, trivialHit: false, trivialDeliver: false, builtinHash: false, recalled: false }

interface BuiltinRules {
  readonly ast: VclFile
  readonly sources: SourceSet
}

const builtins = new Map<string, BuiltinRules>()

/** The built-in rules of a policy: parsed once a process. */
function builtinRules(policy: CompileOptions['policy']): BuiltinRules {
  const known = builtins.get(policy)
  if (known !== undefined) return known
  const source = readFileSync(new URL(`../vcl/builtin.${policy}.vcl`, import.meta.url), 'latin1')
  const { ast, sources, diagnostics } = parseVcl(source, `builtin.${policy}.vcl`)
  if (ast === undefined) throw new Error(`builtin.${policy}.vcl: ${diagnostics[0].message}`)
  const rules = { ast, sources }
  builtins.set(policy, rules)
  return rules
}

/** The rules that `-b` stands for: HOST[:PORT], https://HOST[:PORT], or the path of a unix socket. Throws on anything else. */
export function backendVcl(spec: string): string {
  const attributes = backendAttributes(spec)
  if (attributes === undefined || /["\n\r]/.test(spec)) throw new Error(`-b ${spec}: expected HOST[:PORT], https://HOST[:PORT] or /path`)
  return `vcl 4.1;\n\nbackend default {\n${attributes.map((attribute) => `    ${attribute}\n`).join('')}}\n`
}

function backendAttributes(spec: string): string[] | undefined {
  if (spec.startsWith('/')) return [`.path = "${spec}";`]
  const tls = /^https:\/\//i.test(spec)
  const address = spec.replace(/^https?:\/\//i, '').replace(/\/$/, '')
  const parts = /^\[([0-9A-Fa-f:.]+)\](?::([0-9]+))?$/.exec(address) ?? /^([0-9A-Za-z_.-]+)(?:[: ]([0-9A-Za-z-]+))?$/.exec(address)
  if (parts === null) return undefined
  const [, host, port] = parts
  return [`.host = "${host}";`, `.port = "${port ?? (tls ? '443' : '80')}";`, ...(tls ? ['.tls = true;'] : [])]
}
