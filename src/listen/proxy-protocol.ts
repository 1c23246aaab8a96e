import type { Ip } from '../base/ip.ts'

/** Header of the PROXY protocol. Placeholder until the parser lands in the next commit. */
export class ProxyHeader {
  client: Ip | undefined = undefined
  server: Ip | undefined = undefined
  error = ''

  /** Bytes consumed, 0 incomplete, -1 refused. */
  parse(_buffer: Buffer, _start: number, _end: number): number {
    this.error = 'not supported yet'
    return -1
  }
}
