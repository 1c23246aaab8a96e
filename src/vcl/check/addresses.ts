import type { AclDeclaration, AclEntry, StringLiteral } from '../ast.ts'
import { parseIp, type Ip } from '../../base/ip.ts'
import { masked, parseAclAddress } from '../runtime/acl.ts'
import type { Checking } from './checking.ts'
import type { AclTable, AclTableEntry, Value } from './program.ts'

/** A STRING literal where IP is expected: resolved at load. */
export function literalIp(k: Checking, node: StringLiteral): Value | undefined {
  const ip = parseIp(node.value, 0) ?? resolve(k, node.value)[0]
  return ip === undefined ? k.error(node.at, `'${node.value}' is not an IP address`) : { kind: 'ip', type: 'IP', ip }
}

function resolve(k: Checking, name: string): Ip[] {
  return k.options.resolveHost(name).flatMap((address) => parseIp(address, 0) ?? [])
}

const FLAGS = ['log', 'table', 'pedantic', 'fold']

export function checkAcl(k: Checking, node: AclDeclaration): AclTable {
  let log = false
  let pedantic = true
  for (const flag of node.flags) {
    if (!FLAGS.includes(flag.name)) k.unknown(flag.at, `unknown acl flag '${flag.name}'`, flag.name, FLAGS)
    if (flag.name === 'log') log = flag.on
    if (flag.name === 'pedantic') pedantic = flag.on
  }
  const entries = node.entries.flatMap((entry) => checkEntry(k, entry, pedantic))
  refuseContradictions(k, node, entries)
  return { name: node.name.text, log, entries }
}

function checkEntry(k: Checking, entry: AclEntry, pedantic: boolean): AclTableEntry[] {
  const text = entry.address.value
  const parsed = parseAclAddress(text, entry.mask?.value, pedantic)
  const shown = `${entry.negated ? '! ' : ''}"${text}"${entry.mask === undefined ? '' : `/${entry.mask.raw}`}`
  if (parsed.kind === 'problem') {
    if (!entry.optional) k.error(entry.address.at, parsed.message, parsed.hint)
    return []
  }
  if (parsed.kind === 'network') {
    return [{ negated: entry.negated, bytes: [...parsed.bytes], mask_bits: parsed.mask_bits, text: shown }]
  }
  const found = resolve(k, parsed.name)
  if (found.length === 0 && !entry.optional) {
    k.error(entry.address.at, `'${parsed.name}' does not resolve`, '("name") is ignored while it does not resolve')
  }
  return found.map((ip) => {
    const mask_bits = Math.min(parsed.mask_bits ?? 128, ip.bytes.length * 8)
    return { negated: entry.negated, bytes: [...masked(ip.bytes, mask_bits)], mask_bits, text: shown }
  })
}

function refuseContradictions(k: Checking, node: AclDeclaration, entries: readonly AclTableEntry[]): void {
  const seen = new Map<string, boolean>()
  for (const entry of entries) {
    const key = `${Array.from(entry.bytes).join('.')}/${entry.mask_bits}`
    const before = seen.get(key)
    if (before !== undefined && before !== entry.negated) k.error(node.name.at, `acl ${node.name.text} both has and excludes ${entry.text}`)
    seen.set(key, entry.negated)
  }
}
