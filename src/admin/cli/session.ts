import { asBytes } from '../../base/bytes.ts'
import { banner } from '../commands/program.ts'
import { STATUS, type Status } from '../fault.ts'
import type { Program } from '../program.ts'
import { type Answer, dispatch } from './dispatch.ts'
import { frame } from './framing.ts'
import { documentEnd, SyntaxFault, tokens } from './tokens.ts'
import { UNKNOWN } from '../commands/table.ts'

/** Of one line, before and after it is known who sends it. A rule file may come as one word. */
const STRANGERS_LINE_MAX = 256
const LINE_MAX = 2 ** 20
/** Of a here-document: more than rules may have. */
const DOCUMENT_MAX = 16 * 2 ** 20

/** Where a session's answers go. */
export interface Peer {
  /** Bytes, as latin1. False when the client has not taken enough of what it was sent: no more commands are carried out before `drained`. */
  write(text: string): boolean
  /** After what was written. */
  end(): void
  /** No more is to come in until `resume`. */
  pause(): void
  resume(): void
}

/** Who may: undefined where nobody is asked. */
export interface Authority {
  /** Throws nothing: a file that cannot be read lets nobody in. */
  admits(response: string, challenge: string): boolean
  newChallenge(): string
}

export interface SessionParts {
  readonly program: Program
  readonly peer: Peer
  readonly authority: Authority | undefined
  /** cli_limit: the longest body. */
  readonly limit: () => number
  readonly onAuthenticated?: () => void
  /** A response was wrong. */
  readonly onFailed?: () => void
}

/** One connection of the admin protocol: lines in, framed answers out, one command after the other. */
export class Session {
  authenticated: boolean
  private readonly parts: SessionParts
  private challenge = ''
  private input = ''
  private busy = false
  private closed = false
  private unsent = false
  /** The command whose last word is coming as a here-document, and what ends that. */
  private document: { readonly words: readonly string[]; readonly end: string; readonly parts: string[]; bytes: number } | undefined

  constructor(parts: SessionParts) {
    this.parts = parts
    this.authenticated = parts.authority === undefined
  }

  /** Says who is there, or asks. */
  greet(): void {
    const { authority, program } = this.parts
    if (authority === undefined) return this.answer({ status: STATUS.ok, body: banner(program) })
    this.challenge = authority.newChallenge()
    this.answer({ status: STATUS.auth, body: `${this.challenge}\n\nAuthentication required.\n` })
  }

  /** What has come in, as latin1. */
  take(text: string): void {
    if (this.closed) return
    this.input += text
    if (!this.busy && !this.unsent) this.work()
  }

  /** The client has taken what it was sent. */
  drained(): void {
    this.unsent = false
    if (!this.busy && !this.closed) this.work()
  }

  /** The other side is gone. */
  gone(): void {
    this.closed = true
    this.input = ''
  }

  private work(): void {
    while (!this.busy && !this.closed && !this.unsent) {
      const words = this.document === undefined ? this.line() : this.rest()
      if (words === undefined) return this.bound()
      if (words.length > 0) this.begin(words)
    }
  }

  /** The words of the next line, none for an empty one; undefined when it is not whole. */
  private line(): readonly string[] | undefined {
    const end = this.input.search(/[\r\n]/)
    if (end < 0) return undefined
    const text = this.input.slice(0, end)
    this.input = this.input.slice(end + 1)
    // A web page can have a browser send here what it likes, and where nobody is asked who he is it would be carried out.
    if (/ HTTP\/\d/.test(text)) return this.close('This is no web server.\n')
    return this.wordsOf(text)
  }

  private wordsOf(text: string): readonly string[] {
    try {
      const words = tokens(text.replace(/^\s*-/, ''))
      const end = this.authenticated ? documentEnd(words) : undefined
      if (end === undefined) return words
      this.document = { words: words.slice(0, -2), end, parts: [], bytes: 0 }
      return []
    } catch (error) {
      if (!(error instanceof SyntaxFault)) throw error
      this.answer({ status: STATUS.syntax, body: `${UNKNOWN}Syntax Error: ${error.message}\n` })
      return []
    }
  }

  /** The command with its here-document; undefined when that is not whole. What follows the end mark, up to the end of the line, is not looked at. */
  private rest(): readonly string[] | undefined {
    const document = this.document!
    const { end, parts, words } = document
    const at = this.input.indexOf(end)
    if (at < 0) {
      this.putAside(Math.max(0, this.input.length - end.length))
      return undefined
    }
    this.putAside(at)
    const newline = this.input.slice(end.length).search(/[\r\n]/)
    if (newline < 0) return undefined
    this.input = this.input.slice(end.length + newline + 1)
    this.document = undefined
    return [...words, parts.join('')]
  }

  /** So much of the input is in the here-document: it is not looked at again with each piece that comes. */
  private putAside(bytes: number): void {
    const document = this.document!
    document.parts.push(this.input.slice(0, bytes))
    document.bytes += bytes
    this.input = this.input.slice(bytes)
  }

  /** What is not whole yet may not become too large. */
  private bound(): void {
    const most = this.document !== undefined ? DOCUMENT_MAX : this.authenticated ? LINE_MAX : STRANGERS_LINE_MAX
    if (this.input.length + (this.document?.bytes ?? 0) > most) this.close(`More than ${most} bytes without an end.\n`)
  }

  private begin(words: readonly string[]): void {
    const { authority, peer, program } = this.parts
    if (words[0] === 'auth' && authority !== undefined) return this.authenticate(authority, words)
    this.busy = true
    peer.pause()
    // It throws nothing.
    void dispatch(program, words, this.authenticated).then((answer) => {
      this.busy = false
      if (this.closed) return
      this.answer(answer)
      // Strangers have one try.
      if (answer.status === STATUS.close || (!this.authenticated && answer.status !== STATUS.ok)) return this.shut()
      peer.resume()
      this.work()
    })
  }

  private authenticate(authority: Authority, words: readonly string[]): void {
    const { onAuthenticated, onFailed, program } = this.parts
    const right = words.length === 2 && this.challenge !== '' && authority.admits(words[1], this.challenge)
    // Each challenge is good for one answer.
    this.challenge = ''
    if (!right) {
      onFailed?.()
      this.answer({ status: STATUS.close, body: '' })
      return this.shut()
    }
    this.authenticated = true
    onAuthenticated?.()
    this.answer({ status: STATUS.ok, body: banner(program) })
  }

  private close(why: string): undefined {
    this.answer({ status: STATUS.close, body: why })
    this.shut()
    return undefined
  }

  private shut(): void {
    this.closed = true
    this.input = ''
    this.parts.peer.end()
  }

  private answer({ status, body }: Answer): void {
    const bytes = inBytes(body)
    const limit = this.parts.limit()
    if (bytes.length <= limit) return this.send(frame(status, bytes))
    const cut: Status = status === STATUS.ok ? STATUS.truncated : status
    this.send(frame(cut, bytes.slice(0, Math.max(0, limit - 1))))
  }

  private send(text: string): void {
    if (!this.parts.peer.write(text)) this.unsent = true
  }
}

/** Rules are bytes, a character each; our own words may have others, which become UTF-8. */
function inBytes(text: string): string {
  // oxlint-disable-next-line no-control-regex
  return text.replaceAll(/[^\0-\xff]+/g, asBytes)
}
