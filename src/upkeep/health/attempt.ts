import type { Socket } from 'node:net'
import { getSystemErrorMap } from 'node:util'
import { codeOf } from '../../base/errors.ts'
import type { BackendSpec } from '../../origin/contract.ts'
import type { Dialler } from '../../origin/dial.ts'
import { FailureError } from '../../origin/failure.ts'
import { proxyPreamble } from '../../origin/preamble.ts'
import type { ProbeDeclaration } from '../../vcl/runtime/context.ts'
import type { ProbeOutcome } from './window.ts'

const LF = 10
/** What is kept of an answer: its first line must be in it. */
const KEPT_BYTES = 128
/** An answer is read so far, and judged then, whether or not the backend has more to say. */
const READ_BYTES_MAX = 2 ** 20

/** What a probe of that backend sends. */
export function requestOf(probe: ProbeDeclaration, spec: BackendSpec): Buffer {
  const host = spec.host_header ?? spec.host
  const text = probe.request ?? `GET ${probe.url} HTTP/1.1\r\n${host === undefined ? '' : `Host: ${host}\r\n`}Connection: close\r\n\r\n`
  return Buffer.from(text, 'latin1')
}

/** One probe: a connection, a request, an answer. `done` is called once, within the probe's timeout. */
export class Attempt {
  private readonly probe: ProbeDeclaration
  private readonly spec: BackendSpec
  private readonly request: Buffer
  private readonly done: (outcome: ProbeOutcome) => void
  private readonly begun_ms = performance.now()
  private socket: Socket | undefined
  private timer: NodeJS.Timeout | undefined
  private family: ProbeOutcome['family']
  private sent: boolean | undefined
  private readonly kept = Buffer.alloc(KEPT_BYTES)
  private received_bytes = 0
  private over = false

  constructor(probe: ProbeDeclaration, spec: BackendSpec, request: Buffer, done: (outcome: ProbeOutcome) => void) {
    this.probe = probe
    this.spec = spec
    this.request = request
    this.done = done
  }

  start(dialler: Dialler): void {
    const { spec } = this
    const timeout_ms = this.probe.timeout_s * 1000
    const preamble = spec.proxy_header === 0 ? undefined : proxyPreamble(spec.proxy_header, undefined)
    dialler.dial(timeout_ms, preamble, (error, socket) => {
      if (this.over) return void socket?.destroy()
      if (socket === undefined) return this.settle(undefined, `Open ${errorText(error)}`)
      this.connected(socket, timeout_ms - (performance.now() - this.begun_ms))
    })
  }

  /** The rules are not in use any more: nobody wants to know. */
  abandon(): void {
    this.over = true
    clearTimeout(this.timer)
    this.socket?.destroy()
  }

  private connected(socket: Socket, left_ms: number): void {
    this.socket = socket
    this.family = (this.spec.via ?? this.spec).path !== undefined ? 'U' : socket.remoteFamily === 'IPv6' ? '6' : '4'
    this.timer = setTimeout(() => this.late(), Math.max(left_ms, 0))
    socket
      .on('data', (chunk: Buffer) => this.read(chunk))
      .on('end', () => this.judge())
      .on('close', () => this.judge())
      .on('error', (error: Error) => this.failed(error))
    socket.write(this.request, (error) => {
      if (!error) this.sent = true
    })
  }

  private failed(error: Error): void {
    if (this.sent !== true && this.received_bytes === 0) this.sent = false
    this.settle(this.sent === false ? undefined : false, `${this.sent === false ? 'Write' : 'Read'} ${errorText(error)}`)
  }

  private late(): void {
    if (!this.probe.expect_close && this.received_bytes > 0) this.judge()
    else this.settle(false, `Poll ${numbered('ETIMEDOUT')}`)
  }

  private read(chunk: Buffer): void {
    this.sent = true
    if (this.received_bytes < KEPT_BYTES) chunk.copy(this.kept, this.received_bytes)
    this.received_bytes += chunk.length
    if (this.received_bytes >= READ_BYTES_MAX) this.judge()
    // Whoever does not close is not waited for: the first line is all that counts.
    else if (!this.probe.expect_close && (this.kept.includes(LF) || this.received_bytes >= KEPT_BYTES)) this.judge()
  }

  private judge(): void {
    if (this.received_bytes === 0) return this.settle(undefined, 'Empty response')
    const line = firstLine(this.kept.toString('latin1', 0, Math.min(this.received_bytes, KEPT_BYTES - 1)))
    this.settle(true, line, statusOf(line) === this.probe.expected_response)
  }

  private settle(received: boolean | undefined, text: string, happy = false): void {
    if (this.over) return
    const { family, sent } = this
    const took_s = received === true ? (performance.now() - this.begun_ms) / 1000 : 0
    this.abandon()
    this.done({ family, sent, received, happy, took_s, text })
  }
}

function firstLine(text: string): string {
  const end = text.search(/[\r\n]/)
  // It goes into the log: printable, whatever it is.
  return (end < 0 ? text : text.slice(0, end)).replaceAll(/[^\x20-\x7e]/g, '.')
}

/** As sscanf("HTTP/%*f %u ") reads it. */
function statusOf(line: string): number | undefined {
  const status = /^HTTP\/[0-9]+(?:\.[0-9]*)?\s*([0-9]+)/.exec(line)?.[1]
  return status === undefined ? undefined : Number(status)
}

function errorText(error: Error | undefined): string {
  const code = error instanceof FailureError ? error.system : codeOf(error)
  return code !== undefined && ERRORS.has(code) ? numbered(code) : `error (${error?.message ?? 'no connection'})`
}

/** "error 111 (Connection refused)" */
function numbered(code: string): string {
  const [number, text] = ERRORS.get(code) ?? [0, code]
  return `error ${number} (${text.charAt(0).toUpperCase()}${text.slice(1)})`
}

const ERRORS = new Map(Array.from(getSystemErrorMap(), ([number, [code, text]]) => [code, [-number, text] as const]))
