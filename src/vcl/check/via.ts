import type { BackendDeclarationNode } from '../ast.ts'
import type { BackendDeclaration } from '../runtime/context.ts'
import type { Checking } from './checking.ts'

/** Backends that are reached through another one: can they be? What they do not say of timeouts is that one's. */
export function withVia(k: Checking, backends: readonly BackendDeclaration[]): BackendDeclaration[] {
  return backends.map((backend) => {
    if (backend.via === undefined) return backend
    const proxy = backends.find(({ name }) => name === backend.via)
    const node = k.find(backend.name)
    if (proxy === undefined || node?.kind !== 'backend') return backend
    refuse(k, node.node, backend, proxy)
    return {
      ...backend,
      connect_timeout_s: backend.connect_timeout_s ?? proxy.connect_timeout_s,
      first_byte_timeout_s: backend.first_byte_timeout_s ?? proxy.first_byte_timeout_s,
      between_bytes_timeout_s: backend.between_bytes_timeout_s ?? proxy.between_bytes_timeout_s,
      through: { host: proxy.host, port: proxy.port, path: proxy.path },
    }
  })
}

function refuse(k: Checking, node: BackendDeclarationNode, backend: BackendDeclaration, proxy: BackendDeclaration): void {
  const { at } = node.attributes.find(({ name }) => name.text === 'via')!
  if (backend.path !== undefined) k.error(at, '.via needs .host: the proxy is told an address')
  if (proxy.via !== undefined) k.error(at, `.via backends cannot be stacked: ${proxy.name} has one itself`)
  if (proxy.tls) k.error(at, `backend ${proxy.name} has .tls: the PROXY header goes to it in the clear`)
}
