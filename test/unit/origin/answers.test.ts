import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Socket } from 'node:net'
import { get, Heard, lines, PATIENT, RawOrigin, rig, specOf } from './kit.ts'
import type { Rig } from './kit.ts'

// Bytes an origin sends, and what the flow hears of them. `end` closes the connection after them.
const OK = 'HTTP/1.1 200 OK\r\n'
type Row = [name: string, bytes: string, end: boolean, events: string[]]

const GOOD: Row[] = [
  ['a body of declared length', `${OK}Content-Length: 5\r\n\r\nhello`, false, ['head 200 5', 'end hello']],
  ['no body at all', `${OK}Content-Length: 0\r\n\r\n`, false, ['head 200 0', 'end ']],
  ['chunks', `${OK}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n1;x=y\r\n!\r\n0\r\n\r\n`, false, ['head 200 -1', 'end hello!']],
  [
    'trailers are read and dropped',
    `${OK}Transfer-Encoding: Chunked\r\n\r\n1\r\na\r\n0\r\nX-T: 1\r\n\r\n`,
    false,
    ['head 200 -1', 'end a'],
  ],
  ['HTTP/1.1 until close', `${OK}\r\nhello`, true, ['head 200 -1', 'end hello']],
  ['HTTP/1.0 until close', 'HTTP/1.0 200 OK\r\n\r\nhello', true, ['head 200 -1', 'end hello']],
  ['204', 'HTTP/1.1 204 No Content\r\n\r\n', false, ['head 204 -1', 'end ']],
  ['304 with a length', 'HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n', false, ['head 304 5', 'end ']],
  ['an unknown status', 'HTTP/1.1 999 Odd\r\nContent-Length: 0\r\n\r\n', false, ['head 999 0', 'end ']],
  ['an unknown status in 2xx', 'HTTP/1.1 299 Odd\r\nContent-Length: 0\r\n\r\n', false, ['head 299 0', 'end ']],
  ['no reason phrase', 'HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n', false, ['head 200 0', 'end ']],
  [
    '103 first',
    `HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${OK}Content-Length: 0\r\n\r\n`,
    false,
    ['103 Link: </a>', 'head 200 0', 'end '],
  ],
  ['100 unasked', `HTTP/1.1 100 Continue\r\n\r\n${OK}Content-Length: 0\r\n\r\n`, false, ['head 200 0', 'end ']],
  [
    '102 twice',
    `HTTP/1.1 102 P\r\n\r\nHTTP/1.1 102 P\r\n\r\n${OK}Content-Length: 1\r\n\r\nx`,
    false,
    ['102', '102', 'head 200 1', 'end x'],
  ],
]

const BAD: Row[] = [
  ['closed before anything', '', true, ['error closed']],
  ['closed in the status line', 'HTTP/1.1 20', true, ['error closed']],
  ['closed in the fields', `${OK}Content-Le`, true, ['error closed']],
  ['HTTP/2.0', 'HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n', false, ['error malformed']],
  ['HTTP/0.9 in a status line', 'HTTP/0.9 200 OK\r\nContent-Length: 0\r\n\r\n', false, ['error malformed']],
  ['HTTP/2.0 in an interim response', `HTTP/2.0 103 E\r\n\r\n${OK}Content-Length: 0\r\n\r\n`, false, ['error malformed']],
  ['NUL in the reason phrase', 'HTTP/1.1 200 O\0K\r\nContent-Length: 0\r\n\r\n', false, ['error malformed']],
  ['an escape in the reason phrase', 'HTTP/1.1 200 \x1b[2J\r\nContent-Length: 0\r\n\r\n', false, ['error malformed']],
  ['not HTTP', 'SSH-2.0-OpenSSH_9\r\n', false, ['error malformed']],
  ['HTTP/0.9', '<html>hello</html>', true, ['error malformed']],
  ['a status of two digits', 'HTTP/1.1 20 OK\r\n\r\n', false, ['error malformed']],
  ['a status of four digits', 'HTTP/1.1 2000 OK\r\n\r\n', false, ['error malformed']],
  ['a status below 100', 'HTTP/1.1 099 OK\r\nContent-Length: 0\r\n\r\n', false, ['error malformed']],
  ['a status of letters', 'HTTP/1.1 abc OK\r\n\r\n', false, ['error malformed']],
  ['101 unasked', 'HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n', false, ['error malformed']],
  ['two lengths', `${OK}Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!`, false, ['error malformed']],
  ['a list of lengths', `${OK}Content-Length: 5, 6\r\n\r\nhello!`, false, ['error malformed']],
  ['a negative length', `${OK}Content-Length: -5\r\n\r\n`, false, ['error malformed']],
  ['a signed length', `${OK}Content-Length: +5\r\n\r\nhello`, false, ['error malformed']],
  ['a hexadecimal length', `${OK}Content-Length: 0x5\r\n\r\nhello`, false, ['error malformed']],
  ['an empty length', `${OK}Content-Length: \r\n\r\nhello`, true, ['error malformed']],
  ['a length past 2^53', `${OK}Content-Length: 9007199254740993\r\n\r\nhello`, false, ['error malformed']],
  ['a length past 2^64', `${OK}Content-Length: 99999999999999999999999\r\n\r\nhello`, false, ['error malformed']],
  ['length and chunks', `${OK}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`, false, ['error malformed']],
  ['chunks and length', `${OK}Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n`, false, ['error malformed']],
  ['an unknown transfer coding', `${OK}Transfer-Encoding: gzip\r\n\r\nhello`, true, ['error malformed']],
  ['two transfer codings', `${OK}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`, false, ['error malformed']],
  ['chunked twice', `${OK}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`, false, ['error malformed']],
  ['chunked not last', `${OK}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n`, true, ['error malformed']],
  ['chunks in HTTP/1.0', 'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n', false, ['error malformed']],
  ['a mangled coding', `${OK}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n`, true, ['error malformed']],
  ['a space before the colon', `${OK}Content-Length : 5\r\n\r\nhello`, false, ['error malformed']],
  ['a folded line', `${OK}X-A: b\r\n c\r\nContent-Length: 0\r\n\r\n`, false, ['error malformed']],
  ['NUL in a value', `${OK}X-A: b\0c\r\nContent-Length: 0\r\n\r\n`, false, ['error malformed']],
  ['a control byte in a value', `${OK}X-A: b\x01c\r\nContent-Length: 0\r\n\r\n`, false, ['error malformed']],
  ['a bare CR in a value', `${OK}X-A: b\rc\r\nContent-Length: 0\r\n\r\n`, false, ['error malformed']],
  ['a control byte in a name', `${OK}X\x01A: b\r\nContent-Length: 0\r\n\r\n`, false, ['error malformed']],
  ['no name', `${OK}: b\r\nContent-Length: 0\r\n\r\n`, false, ['error malformed']],
  ['a line without a colon', `${OK}Hello\r\nContent-Length: 0\r\n\r\n`, false, ['error malformed']],
  ['a line of 9 KiB', `${OK}X-A: ${'a'.repeat(9000)}\r\nContent-Length: 0\r\n\r\n`, false, ['error malformed']],
  ['a head of 40 KiB', `${OK}${`X-A: ${'a'.repeat(4000)}\r\n`.repeat(10)}\r\n`, false, ['error malformed']],
  ['a head without end', `${OK}X-A: ${'a'.repeat(100_000)}`, false, ['error malformed']],
  ['65 lines', `${OK}${'X-A: b\r\n'.repeat(65)}\r\n`, true, ['error malformed']],
  ['33 interim responses', `${'HTTP/1.1 102 P\r\n\r\n'.repeat(33)}${OK}\r\n`, true, [...Array<string>(32).fill('102'), 'error malformed']],
  ['a body cut short', `${OK}Content-Length: 10\r\n\r\nhello`, true, ['head 200 10', 'error incomplete']],
  ['chunks cut between', `${OK}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n`, true, ['head 200 -1', 'error incomplete']],
  ['chunks cut within', `${OK}Transfer-Encoding: chunked\r\n\r\n5\r\nhel`, true, ['head 200 -1', 'error incomplete']],
  ['chunks without the last line', `${OK}Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n`, true, ['head 200 -1', 'error incomplete']],
  ['a chunk size of letters', `${OK}Transfer-Encoding: chunked\r\n\r\nxyz\r\n`, false, ['head 200 -1', 'error malformed']],
  ['an endless chunk size', `${OK}Transfer-Encoding: chunked\r\n\r\n${'f'.repeat(20)}\r\n`, false, ['head 200 -1', 'error malformed']],
  [
    'a chunk longer than its size',
    `${OK}Transfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n0\r\n\r\n`,
    false,
    ['head 200 -1', 'error malformed'],
  ],
]

let bytes = ''
let end = false
const lying = new RawOrigin((socket) => (end ? socket.end(bytes, 'latin1') : socket.write(bytes, 'latin1')))
let cache: Rig

async function ask(method = 'GET'): Promise<Heard> {
  const heard = new Heard()
  cache.origin.fetch(cache.origin.backend('default')!, get('/', method), undefined, PATIENT, heard)
  await heard.finished
  return heard
}

beforeAll(async () => {
  cache = rig([specOf(await lying.listen())])
})
afterAll(async () => {
  lying.close()
  await cache.origin.close()
})

describe('responses', () => {
  test.each([...GOOD, ...BAD])('%s', async (_name, sent, closes, events) => {
    bytes = sent
    end = closes
    expect((await ask()).events).toEqual(events)
  })

  test.each(BAD)('%s: the next fetch is unharmed', async (_name, sent, closes) => {
    bytes = sent
    end = closes
    await ask()
    bytes = `${OK}Content-Length: 2\r\n\r\nok`
    end = false
    expect((await ask()).events).toEqual(['head 200 2', 'end ok'])
  })

  test('bytes after the response close the connection and are never the next answer', async () => {
    bytes = `${OK}Content-Length: 2\r\n\r\nok${OK}Content-Length: 4\r\n\r\nevil`
    end = false
    expect((await ask()).body).toBe('ok')
    bytes = `${OK}Content-Length: 4\r\n\r\ngood`
    expect((await ask()).body).toBe('good')
  })

  test('a reset is not the end of a body that the close delimits', async () => {
    const resetting = new RawOrigin((socket) => {
      socket.write(`${OK}\r\nhalf`)
      heard.onChunk = () => void socket.resetAndDestroy()
    })
    const other = rig([specOf(await resetting.listen())])
    const heard = new Heard()
    other.origin.fetch(other.origin.backend('default')!, get(), undefined, PATIENT, heard)
    await heard.finished
    expect(heard.events).toEqual(['head 200 -1', 'error incomplete'])
    resetting.close()
    await other.origin.close()
  })

  test('HEAD has the length of the body it does not have', async () => {
    bytes = `${OK}Content-Length: 1000\r\n\r\n`
    end = false
    expect((await ask('HEAD')).events).toEqual(['head 200 1000', 'end '])
  })

  test('lines keep their order, spelling, duplicates and bytes', async () => {
    bytes = `HTTP/1.1 200 Tr\xe8s bien\r\nX-B: 1\r\nSet-Cookie: a=1\r\nx-b:  \xe9 \t\r\nSet-Cookie: b=2\r\nEmpty:\r\nContent-Length: 0\r\n\r\n`
    end = false
    const { head } = await ask()
    expect(lines(head!.fields)).toBe('X-B: 1|Set-Cookie: a=1|x-b: \xe9|Set-Cookie: b=2|Empty: |Content-Length: 0')
    expect(head!.fields.keys.slice(0, 3)).toEqual(['x-b', 'set-cookie', 'x-b'])
    expect(head!.reason).toBe('Tr\xe8s bien')
    bytes = 'HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n'
    expect((await ask()).head!.reason).toBe('')
  })

  test('a response dripped byte by byte is the same response', async () => {
    const drip = `HTTP/1.1 200 Fine \xe9\r\nX-Long: ${'v'.repeat(50)}\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n`
    let socket: Socket
    let i = 0
    const next = (): void => {
      if (i < drip.length) socket.write(drip[i++], 'latin1', () => setImmediate(next))
    }
    const slow = new RawOrigin((s) => {
      socket = s.setNoDelay()
      next()
    })
    const other = rig([specOf(await slow.listen())])
    const heard = new Heard()
    other.origin.fetch(other.origin.backend('default')!, get(), undefined, PATIENT, heard)
    await heard.finished
    expect(heard.events).toEqual(['head 200 -1', 'end abc'])
    expect(heard.head!.reason).toBe('Fine \xe9')
    expect(lines(heard.head!.fields)).toBe(`X-Long: ${'v'.repeat(50)}|Transfer-Encoding: chunked`)
    slow.close()
  })

  test('two responses that come in turns, piece by piece, do not mix', async () => {
    const said = ['a', 'b'].map(
      (x) =>
        `HTTP/1.1 200 ${x}\r\nX-${x}-Name: ${x.repeat(40)}\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n${x.repeat(3)}\r\n0\r\nT-${x}: ${x}\r\n\r\n`,
    )
    const sockets: Socket[] = []
    let at = 0
    const next = (turn: number): void => {
      const piece = said[turn].slice(at, at + 7)
      if (turn === 1) at += 7
      if (piece !== '') sockets[turn].write(piece, 'latin1', () => setImmediate(next, 1 - turn))
    }
    const slow = new RawOrigin((socket) => {
      if (sockets.push(socket.setNoDelay()) === 2) next(0)
    })
    const other = rig([specOf(await slow.listen())])
    const both = said.map(() => {
      const heard = new Heard()
      other.origin.fetch(other.origin.backend('default')!, get(), undefined, PATIENT, heard)
      return heard
    })
    await Promise.all(both.map((heard) => heard.finished))
    expect(both.map((heard) => `${lines(heard.head!.fields)}|${heard.body}`).toSorted()).toEqual(
      ['a', 'b'].map((x) => `X-${x}-Name: ${x.repeat(40)}|Transfer-Encoding: chunked|${x.repeat(3)}`),
    )
    slow.close()
  })
})
