/** Requests that are nearly right: the seeded generator behind http-parser.fuzz.test.ts. */

/** Numbers in [0, 1) from a seed (mulberry32), so that a failure can be repeated. */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}

const METHODS = ['GET', 'GET', 'GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PURGE', 'CONNECT', 'PATCH', 'TRACE']
const TARGETS = [
  '/',
  '/a',
  '/a?b=c',
  '//a',
  '/%00',
  '*',
  'http://b/x',
  'http://b',
  'https://b:8/?q',
  'b:443',
  '/a|b',
  '/"<>',
  'http://u@b/',
  '?',
  '/#',
]
const VERSIONS = ['HTTP/1.1', 'HTTP/1.1', 'HTTP/1.1', 'HTTP/1.1', 'HTTP/1.0', 'HTTP/2.0', 'HTTP/0.9', 'HTTP/1', 'http/1.1']
const LINES = [
  'Host: b',
  'Connection: close',
  'Connection: keep-alive',
  'Connection: upgrade',
  'Connection: keep-alive, Upgrade ,close',
  'Connection: x,y',
  'Upgrade: websocket',
  'Upgrade: h2c',
  'Expect: 100-continue',
  'Content-Length: 0',
  'Content-Length: 5',
  'content-length: 05',
  'Content-Length: 5,5',
  'Content-Length: -5',
  'Content-Length : 5',
  'Transfer-Encoding: chunked',
  'transfer-encoding: Chunked',
  'Transfer-Encoding: gzip, chunked',
  'Transfer-Encoding: chunked, chunked',
  'Transfer-Encoding: identity',
  'Transfer-Encoding:chunked ',
  'Accept: */*',
  'Accept-Encoding: gzip',
  'User-Agent: fuzz/1',
  'Cookie: a=b',
  'X-Empty:',
  'X-Blank: \t ',
  'X-Tab: a\tb\t',
  'X-Text: \xe9\xff',
  'X-Quoted: "a, b\\""',
  "x!#$%&'*+-.^_`|~: 1",
  'Proxy-Connection: keep-alive',
  'Trailer: X',
  ' folded',
  'no colon',
  ': no name',
]
const BODIES = [
  'hello',
  '',
  '5\r\nhello\r\n0\r\n\r\n',
  '5;a=b\r\nhello\r\n00\r\nX: y\r\n\r\n',
  '5;a="b;c"\r\nhello\r\n0\r\n\r\n',
  '3\r\nhello\r\n0\r\n\r\n',
  '0\r\n\r\n',
]
const JUNK = [
  '\r',
  '\n',
  '\r\n',
  '\0',
  ' ',
  '\t',
  ':',
  ',',
  ';',
  '"',
  '\\',
  '0',
  '\x7f',
  '\x80',
  '\xff',
  '\x0b',
  '#',
  '/',
  '\r\n ',
  '\n\r',
  '%',
]

export class Generator {
  private readonly random: () => number
  private readonly corpus: readonly string[]

  constructor(seed: number, corpus: readonly string[]) {
    this.random = randomFrom(seed)
    this.corpus = corpus
  }

  /** The bytes of one connection, latin1: from the corpus or made up, then damaged more often than not. */
  next(): string {
    let bytes = this.chance(0.4) ? this.pick(this.corpus) : this.connection()
    for (let damage = this.below(4); damage > 0; damage--) bytes = this.damage(bytes)
    return bytes
  }

  private connection(): string {
    let bytes = ''
    do bytes += this.request()
    while (this.chance(0.4))
    return bytes
  }

  private request(): string {
    let bytes = this.chance(0.05) ? '\r\n' : ''
    bytes += `${this.pick(METHODS)} ${this.chance(0.5) ? '/' : this.pick(TARGETS)} ${this.chance(0.8) ? 'HTTP/1.1' : this.pick(VERSIONS)}\r\nHost: a\r\n`
    for (let lines = this.below(4); lines > 0; lines--) bytes += this.pick(LINES) + '\r\n'
    const framing = this.random()
    if (framing < 0.25) return bytes + 'Content-Length: 5\r\n\r\nhello'
    if (framing < 0.5) return bytes + 'Transfer-Encoding: chunked\r\n\r\n' + this.pick(BODIES)
    return bytes + '\r\n' + (framing < 0.6 ? this.pick(BODIES) : '')
  }

  private damage(bytes: string): string {
    const at = this.below(bytes.length + 1)
    const width = this.below(4)
    switch (this.below(6)) {
      case 0:
        return bytes.slice(0, at) + this.pick(JUNK) + bytes.slice(at)
      case 1:
        return bytes.slice(0, at) + bytes.slice(at + width)
      case 2:
        return bytes.slice(0, at) + String.fromCharCode(this.below(256)) + bytes.slice(at + 1)
      case 3:
        return bytes.slice(0, at) + bytes.slice(at).replace('\r\n', this.pick(['\n', '\r', '\r\r\n', '\r\n ', '\r\n\r\n', ' \r\n', '\n\n']))
      case 4:
        return bytes.slice(0, at) + bytes.slice(at).replace('\r\n', '\r\n' + this.pick(LINES) + '\r\n')
      default:
        return this.flipCase(bytes, at)
    }
  }

  private flipCase(bytes: string, at: number): string {
    const letter = bytes.charAt(at)
    const flipped = letter === letter.toLowerCase() ? letter.toUpperCase() : letter.toLowerCase()
    return bytes.slice(0, at) + (flipped.length === 1 && flipped.charCodeAt(0) < 256 ? flipped : letter) + bytes.slice(at + 1)
  }

  private pick<T>(from: readonly T[]): T {
    return from[this.below(from.length)]
  }

  private chance(of: number): boolean {
    return this.random() < of
  }

  private below(limit: number): number {
    return Math.floor(this.random() * limit)
  }
}
