import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { vi } from 'vitest'
import { type Crew, newCrew } from '../../kit/crew.ts'
import { Member, until } from '../../kit/crowd.ts'

// Several threads and their clients on a machine that may be busy: each wait has its own, shorter limit.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

export type Answer = (request: IncomingMessage, response: ServerResponse, number: number) => void

/** One request after the other on a connection that stays; resolves with bodies of known length. */
export class Line {
  readonly socket: Socket
  private text = ''
  private heard = (_body: string): void => {}
  /** Of the last answer. */
  head = ''

  constructor(socket: Socket) {
    this.socket = socket
    socket.setEncoding('latin1').on('data', (data) => this.more(String(data)))
  }

  ask(start: string, ...lines: string[]): Promise<string> {
    this.text = ''
    this.socket.write([`${start} HTTP/1.1`, 'Host: a', ...lines, '', ''].join('\r\n'))
    return new Promise((resolve) => (this.heard = resolve))
  }

  /** Some of the answer is there. */
  get begun(): boolean {
    return this.text !== ''
  }

  private more(data: string): void {
    this.text += data
    const end = this.text.indexOf('\r\n\r\n') + 4
    const length = Number(/^content-length: (\d+)/im.exec(this.text.slice(0, end))?.[1] ?? Infinity)
    if (end < 4 || this.text.length !== end + length) return
    this.head = this.text.slice(0, end)
    this.heard(this.text.slice(end))
  }
}

/** Workers in front of one origin, and clients that know which worker serves them. */
export class Scene {
  readonly crew: Crew
  /** The origin's. */
  readonly port: number
  /** Requests that reached the origin, oldest first. */
  readonly asked: string[] = []
  /** What the origin does; `number` counts its requests from 1. */
  answer: Answer
  private readonly members: { readonly socket: Socket }[] = []
  private readonly ends: (() => void)[] = []

  private constructor(crew: Crew, port: number, answer: Answer) {
    this.crew = crew
    this.port = port
    this.answer = answer
  }

  /** `rules` go behind the version line and the backend, which has these further `attributes`. */
  static async open(workers: number, rules: string, flags = '', attributes = ''): Promise<Scene> {
    const server = createServer((request, response) => {
      scene.asked.push(`${request.method} ${request.url}`)
      scene.answer(request, response, scene.asked.length)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    const directory = mkdtempSync(join(tmpdir(), 'lacquer-crew-'))
    const file = join(directory, 'rules.vcl')
    writeFileSync(file, `vcl 4.1;\nbackend default { .host = "127.0.0.1"; .port = "${port}"; ${attributes} }\n${rules}\n`)
    const crew = await newCrew(workers, `-f ${file} ${flags}`.trim()).start()
    const scene = new Scene(crew, port, (_, response) => void response.end())
    scene.ends.push(
      () => server.closeAllConnections(),
      () => void server.close(),
      () => rmSync(directory, { recursive: true }),
    )
    return scene
  }

  /** Forgets what was, for another test. */
  begin(answer: Answer): void {
    for (const { socket } of this.members.splice(0)) socket.destroy()
    this.asked.length = 0
    this.answer = answer
  }

  /** Somebody who has asked that worker, and was not waited for. */
  async asking(slot: number, target: string, ...lines: string[]): Promise<Member> {
    const member = new Member(await this.crew.connect(slot), '')
    this.members.push(member)
    member.ask(target.includes(' ') ? `${target} HTTP/1.1` : `GET ${target} HTTP/1.1`, ...lines)
    return member
  }

  /** Somebody who asks that worker again and again. */
  async line(slot: number): Promise<Line> {
    const line = new Line(await this.crew.connect(slot))
    this.members.push(line)
    return line
  }

  /** The whole answer of that worker. */
  async ask(slot: number, target: string, ...lines: string[]): Promise<Member> {
    const member = await this.asking(slot, target, ...lines)
    await until(`worker ${slot} answers ${target}`, () => member.ended)
    return member
  }

  /** The body of that worker's answer, as text. */
  async told(slot: number, target: string, ...lines: string[]): Promise<string> {
    return (await this.ask(slot, target, ...lines)).body.toString('latin1')
  }

  /** A counter of all workers together. */
  sum(name: Parameters<Crew['each']>[0]): number {
    return this.crew.each(name).reduce((total, n) => total + n, 0)
  }

  async close(): Promise<void> {
    this.begin(this.answer)
    await this.crew.close()
    for (const end of this.ends) end()
  }
}
