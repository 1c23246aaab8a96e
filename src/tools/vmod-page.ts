import type { Vmod, VmodArgument, VmodFunction } from '../vcl/vmods/vmod.ts'
import { PENDING_VMODS, VMODS } from '../vcl/vmods/vmods.ts'
import { page, table } from './page.ts'

/** docs/reference/vmods.md, from the modules' tables. */
export function vmodsPage(): string {
  const names = Object.keys(VMODS).toSorted()
  return page(
    'Modules of the rule language',
    'For `import NAME;`, or `import NAME as ALIAS;`. Arguments are given in their order, or by name: `std.integer(s="7", fallback=0)`. What has a default or stands in brackets may be left out. ' +
      'A function without subs may be called in all of them; what cannot be done fails the request, as `return (fail)` does.',
    `Modules: ${names.map((name) => `[${name}](#module-${name})`).join(', ')}. Known, and not here: ${PENDING_VMODS.join(', ')}.`,
    ...names.flatMap((name) => moduleParts(VMODS[name])),
  )
}

function moduleParts(vmod: Vmod): string[] {
  const missing = Object.entries(vmod.unsupported)
  return [
    `<a id="module-${vmod.name}"></a>\n## ${vmod.name}`,
    vmod.doc,
    ...functionTable(vmod.functions, (name) => `${vmod.name}.${name}`),
    ...Object.entries(vmod.objects ?? {}).flatMap(([type, object]) => [
      `### \`new NAME = ${vmod.name}.${type}(${argumentList(object.args)})\``,
      object.doc,
      ...functionTable(object.methods, (name) => `NAME.${name}`),
    ]),
    ...(missing.length === 0
      ? []
      : [
          table(
            ['refused', 'why'],
            missing.map(([name, why]) => [`\`${vmod.name}.${name}\``, why]),
          ),
        ]),
  ]
}

function functionTable(functions: Readonly<Record<string, VmodFunction>>, title: (name: string) => string): string[] {
  const rows = Object.entries(functions).map(([name, fn]) => [
    `\`${title(name)}(${argumentList(fn.args)})\``,
    fn.returns === 'VOID' ? '' : fn.returns,
    fn.subs === undefined ? '' : subsText(fn.subs),
    fn.doc,
  ])
  return rows.length === 0 ? [] : [table(['function', 'returns', 'subs', ''], rows)]
}

/** All client subs, all backend subs, or their names. */
function subsText(subs: readonly string[]): string {
  const client = subs.filter((sub) => !sub.startsWith('vcl_backend'))
  const backend = subs.filter((sub) => sub.startsWith('vcl_backend'))
  return [...(client.length === 9 ? ['client'] : client), ...(backend.length === 3 ? ['backend'] : backend)].join(', ')
}

function argumentList(args: readonly VmodArgument[]): string {
  return args.map(argumentText).join(', ')
}

function argumentText({ name, type, words, default: value, optional }: VmodArgument): string {
  const kind = words === undefined ? type : `ENUM {${words.join(', ')}}`
  if (value !== undefined) return `${kind} ${name} = ${defaultText(type, value)}`
  return optional ? `[${kind} ${name}]` : `${kind} ${name}`
}

function defaultText(type: string, value: string | number | boolean): string {
  if (typeof value === 'string') return type === 'ENUM' ? value : JSON.stringify(value)
  if (type === 'DURATION') return `${value}s`
  return type === 'REAL' && Number.isInteger(value) ? `${value}.0` : String(value)
}
