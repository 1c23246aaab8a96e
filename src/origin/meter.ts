import type { Socket } from 'node:net'
import type { BodyStream } from './body.ts'
import type { Traffic } from './contract.ts'

/** Counts what a fetch sends and receives. One request at a time is on a connection, so what its socket writes meanwhile is ours. */
export class Meter implements Traffic {
  received_head_bytes = 0
  received_body_bytes = 0
  recycled = false
  body: BodyStream | undefined = undefined
  private socket: Socket | undefined = undefined
  private before_bytes = 0
  private sent_bytes = 0

  /** The request is about to be written. */
  begin(socket: Socket | undefined): void {
    this.socket = socket
    this.before_bytes = socket === undefined ? 0 : socket.bytesWritten
  }

  /** Nothing more of it will be. */
  end(): void {
    const { socket } = this
    if (socket === undefined) return
    this.socket = undefined
    this.sent_bytes += socket.bytesWritten - this.before_bytes
  }

  get sent_body_bytes(): number {
    return this.body === undefined ? 0 : this.body.sent_bytes
  }

  get sent_head_bytes(): number {
    const framing_bytes = this.body === undefined ? 0 : this.body.framing_bytes
    return Math.max(0, this.sent_bytes - this.sent_body_bytes - framing_bytes)
  }
}

/** Bytes of a response's head: "HTTP/1.1 200 ", the reason, the lines, the empty one. */
export function headBytes(reason: string, raw: readonly Buffer[]): number {
  let bytes = 13 + reason.length + 4
  for (const text of raw) bytes += text.length + 2
  return bytes
}

/** Of a fetch that never went out. */
export const NO_TRAFFIC: Traffic = {
  sent_head_bytes: 0,
  sent_body_bytes: 0,
  received_head_bytes: 0,
  received_body_bytes: 0,
  recycled: false,
}
