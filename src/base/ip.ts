/** An address as VCL's IP type: text as printed, port, and its bytes for ACLs (4 or 16). */
export class Ip {
  readonly text: string
  readonly port: number
  readonly bytes: Uint8Array

  constructor(text: string, port: number, bytes: Uint8Array) {
    this.text = text
    this.port = port
    this.bytes = bytes
  }
}
