import type { RuleSymbols } from '../rule-sets.ts'
import type { VclSymbol } from '../../vcl/symbol-table.ts'
import type { Command } from './command.ts'

/** varnishd's own kinds of what its compiler leaves: a module is an import, of the type $VMOD. */
function lines({ kind, name, type, path, line }: VclSymbol): string[] {
  const module = kind === 'module'
  const members: [string, string][] = [
    ['dir', module ? 'import' : 'declare'],
    ['type', module ? '$VMOD' : (type ?? kind)],
    ['name', module ? (type ?? name) : name],
    ...(module && type !== name ? [['alias', name] as [string, string]] : []),
    ['at', `${path}:${line}`],
  ]
  return ['      {object}', ...members.map(([key, value]) => `        ["${key}"]: {string} <${value}>`)]
}

function tableOf({ name, symbols }: RuleSymbols): string {
  const head = [`Vcl: ${name}`, '  symtab:', '    {array}', '      {object}', '        ["version"]: {number} <0>']
  return [...head, ...symbols.flatMap(lines)].map((line) => `${line}\n`).join('')
}

export const SYMTAB_COMMAND: Command = {
  request: 'vcl.symtab',
  syntax: 'vcl.symtab',
  help: 'Dump the symbol tables of all loaded configurations: the modules that they import, what they declare, and where.',
  differs: 'varnishd lists modules only, with their files; here they have none.',
  min: 0,
  max: 0,
  debug: true,
  run: (program) => program.rules.symbols().map(tableOf).join(''),
}
