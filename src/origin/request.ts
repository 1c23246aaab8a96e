import type { RequestHead } from '../http/message.ts'
import type { BackendSpec } from './contract.ts'

/**
 * Fields that speak of one connection (RFC 9110 section 7.6.1) or that undici writes itself and refuses from
 * others. Expect is answered by the front (RFC 9110 section 10.1.1).
 */
const OURS = new Set(['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'upgrade', 'expect', 'content-length'])

/** The field lines for undici: name, value, name, value. `length_bytes` is -1 where no Content-Length is to be sent. */
export function headerList(bereq: RequestHead, spec: BackendSpec, length_bytes: number): string[] {
  const { fields } = bereq
  const { count, names, keys, values } = fields
  const list: string[] = ['host', hostOf(bereq, spec)]
  for (let i = 0; i < count; i++) {
    const key = keys[i]
    if (key === 'host' || OURS.has(key)) continue
    list.push(names[i], values[i])
  }
  if (length_bytes > 0) list.push('content-length', String(length_bytes))
  return list
}

/** Rules may ask for a connection of its own: `set bereq.http.connection = "close"`. */
export function asksForClose(bereq: RequestHead): boolean {
  const connection = bereq.fields.get('connection')
  return connection !== undefined && /(?:^|,)[ \t]*close[ \t]*(?:,|$)/i.test(connection)
}

function hostOf(bereq: RequestHead, spec: BackendSpec): string {
  return bereq.fields.get('host') ?? spec.host_header ?? spec.host ?? 'localhost'
}
