import type { Expected, Message } from './message.ts'
import { Speaker } from './speaker.ts'
import type { Wire } from './wire.ts'

/** A client on one connection. */
export class Client extends Speaker {
  protected readonly wire: Wire

  constructor(wire: Wire) {
    super()
    this.wire = wire
  }

  get(target: string, ...lines: string[]): void {
    this.request('GET', target, ...lines)
  }

  request(method: string, target: string, ...lines: string[]): void {
    const host = lines.some((line) => /^host:/i.test(line)) ? [] : ['Host: example.com']
    this.tx(`${method} ${target} HTTP/1.1`, ...host, ...lines)
  }

  /** GET and its response in one step. */
  ask(target: string, expected: Expected, ...lines: string[]): Promise<Message> {
    this.get(target, ...lines)
    return this.rx(expected)
  }

  /** One response, with its body. */
  rx(expected: Expected = {}): Promise<Message> {
    return this.receive(expected, { bodyless: false, headOnly: false })
  }

  /** The response to a HEAD. */
  rxForHead(expected: Expected = {}): Promise<Message> {
    return this.receive(expected, { bodyless: true, headOnly: false })
  }

  /** Head of a response whose body is read with rxbytes or rxchunk, or never. */
  rxHead(expected: Expected = {}): Promise<Message> {
    return this.receive(expected, { bodyless: false, headOnly: true })
  }

  /** A response that breaks off before the end that its framing promised. Returns what came of the body, as on the wire. */
  async rxBroken(expected: Expected = {}): Promise<string> {
    const message = await this.rxHead(expected)
    const rest = await this.wire.takeAll('the end of the connection')
    this.wire.heard(rest)
    const text = rest.toString('latin1')
    const promised = Number(message.field('content-length') ?? NaN)
    const whole = Number.isNaN(promised) ? text.endsWith('0\r\n\r\n') : rest.length >= promised
    const unframed = Number.isNaN(promised) && message.field('transfer-encoding') === undefined
    if (whole || (unframed && this.wire.ending !== 'reset')) throw new Error(`${this.wire.name}: the response looks complete`)
    return text
  }
}
