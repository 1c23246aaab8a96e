import { afterEach, describe, expect, test } from 'vitest'
import type { ClientConnection } from '../../../src/flow/client.ts'
import { Fields } from '../../../src/http/fields.ts'
import { echoTarget, manyTurns, ok, READ_PATHS, startFront, type Front, type FrontOptions } from './front.ts'

let front: Front

afterEach(async () => {
  await front.listener.drain(0)
})

describe.each(READ_PATHS)('HTTP/1 connections, read path %s', (path) => {
  async function start(flow: (connection: ClientConnection) => void, more: Partial<FrontOptions> = {}): Promise<Front> {
    front = await startFront({ path, flow, ...more })
    return front
  }

  describe('keep-alive', () => {
    test('one request after the other', async () => {
      const client = (await start(echoTarget)).connect()
      for (const target of ['/one', '/three', '/fifteen']) {
        client.send(`GET ${target} HTTP/1.1\r\nHost: a\r\n\r\n`)
        expect(await client.read(target)).toBe(ok(target))
      }
      client.socket.end()
      await front.until('closed REM_CLOSE')
      expect(front.events).toEqual(['opened', 'closed REM_CLOSE'])
    })

    test.each([
      ['HTTP/1.1 with Connection: close', 'GET /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n', 'REQ_CLOSE'],
      ['HTTP/1.0', 'GET /x HTTP/1.0\r\n\r\n', 'REQ_HTTP10'],
    ])('%s: closed after the answer', async (_name, request, reason) => {
      const client = (await start(echoTarget)).connect()
      client.send(request)
      expect(await client.readToEnd()).toBe(ok('/x', 'Connection: close\r\n'))
      expect(front.closings).toEqual([reason])
    })

    test('HTTP/1.0 with keep-alive stays', async () => {
      const client = (await start(echoTarget)).connect()
      client.send('GET /one HTTP/1.0\r\nConnection: keep-alive\r\n\r\n')
      expect(await client.read('/one')).toBe(ok('/one'))
      client.send('GET /two HTTP/1.0\r\n\r\n')
      expect(await client.readToEnd()).toBe(ok('/two', 'Connection: close\r\n'))
    })

    test('the flow closes with its reason', async () => {
      const client = (
        await start((c) => {
          c.closeAfter('RESP_CLOSE')
          echoTarget(c)
        })
      ).connect()
      client.send('GET /x HTTP/1.1\r\nHost: a\r\n\r\n')
      expect(await client.readToEnd()).toBe(ok('/x', 'Connection: close\r\n'))
      expect(front.closings).toEqual(['RESP_CLOSE'])
    })

    test('a client that half-closes gets its answers', async () => {
      const held: ClientConnection[] = []
      const client = (
        await start((c) => {
          held.push(c)
          front.note('asked')
        })
      ).connect()
      client.socket.end('GET /one HTTP/1.1\r\nHost: a\r\n\r\nGET /two HTTP/1.1\r\nHost: a\r\n\r\n')
      await front.until('asked')
      echoTarget(held[0])
      await front.until('asked', 2)
      echoTarget(held[1])
      expect(await client.readToEnd()).toBe(ok('/one') + ok('/two'))
      expect(front.closings).toEqual(['REM_CLOSE'])
    })
  })

  describe('pipelining', () => {
    test('answers come in order', async () => {
      const client = (await start(echoTarget)).connect()
      const targets = Array.from({ length: 200 }, (_, i) => `/${i}`)
      client.send(targets.map((target) => `GET ${target} HTTP/1.1\r\nHost: a\r\n\r\n`).join(''))
      const expected = targets.map((target) => ok(target)).join('')
      expect(await client.readBytes(expected.length)).toBe(expected)
    })

    test('answers to what came in one read leave in one write', async () => {
      const client = await (await start(echoTarget)).connect().connected()
      const reads: number[] = []
      client.socket.on('data', (chunk: string) => reads.push(chunk.length))
      client.send('GET /one HTTP/1.1\r\nHost: a\r\n\r\nGET /two HTTP/1.1\r\nHost: a\r\n\r\n')
      await client.read('/two')
      expect(reads).toEqual([ok('/one').length + ok('/two').length])
    })

    test('what is written between cork and uncork leaves in one write', async () => {
      const client = await (
        await start((c) => {
          setImmediate(() => {
            c.start('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n', 'chunked')
            front.note(`corked ${c.cork()}, again ${c.cork()}`)
            for (const piece of ['a', 'b', 'c']) c.write(Buffer.from(piece))
            c.uncork()
            c.end()
          })
        })
      )
        .connect()
        .connected()
      const reads: string[] = []
      client.socket.on('data', (chunk: string) => reads.push(chunk))
      client.send('GET /one HTTP/1.1\r\nHost: a\r\n\r\n')
      await client.read('0\r\n\r\n')
      expect(reads[0]).toContain('\r\n\r\n1\r\na\r\n1\r\nb\r\n1\r\nc\r\n')
      expect(front.events).toContain('corked true, again false')
    })

    test('the next request is begun only when the one before it is answered', async () => {
      const held: ClientConnection[] = []
      const client = (
        await start((c) => {
          held.push(c)
          front.note(c.req.url)
        })
      ).connect()
      client.send('GET /one HTTP/1.1\r\nHost: a\r\n\r\nGET /two HTTP/1.1\r\nHost: a\r\n\r\n')
      await front.until('/one')
      client.send('GET /six HTTP/1.1\r\nHost: a\r\n\r\n')
      echoTarget(held[0])
      // Still the first request here: the second begins from a fresh stack.
      expect(held).toHaveLength(1)
      await front.until('/two')
      expect(held).toHaveLength(2)
      echoTarget(held[1])
      await front.until('/six')
      echoTarget(held[2])
      expect(await client.readBytes(ok('/one').length * 3)).toBe(ok('/one') + ok('/two') + ok('/six'))
    })

    test('what is pipelined behind a request under way is bounded: then reading stops', async () => {
      const held: ClientConnection[] = []
      await start(
        (c) => {
          held.push(c)
          front.note('asked')
        },
        { limits: { http_req_size: 1024 } },
      )
      const client = front.connect()
      const one = 'GET /x HTTP/1.1\r\nHost: a\r\n\r\n'
      const count = 400_000
      client.send(one.repeat(count))
      await front.until('asked')
      await manyTurns()
      expect(front.sessions[0].received_bytes).toBeLessThanOrEqual(1024 + 64 * 1024)
      let answered = 0
      client.socket.removeAllListeners('data')
      client.socket.on('data', (text: string) => (answered += text.length))
      const answer = ok('/x').length
      const all = new Promise<void>((resolve) => client.socket.on('data', () => answered === answer * count && resolve()))
      echoFrom(held)
      await all
      expect(front.events.filter((e) => e === 'asked')).toHaveLength(1)
    })

    /** From now on answers at once. */
    function echoFrom(held: ClientConnection[]): void {
      front.context.flow.request = echoTarget
      echoTarget(held[0])
    }

    test('a client that sends and never reads does not fill memory', async () => {
      let answered = 0
      const big = Buffer.alloc(15 * 1024, 'x')
      await start((c) => {
        answered++
        c.respond(`HTTP/1.1 200 OK\r\nContent-Length: ${big.length}\r\n\r\n`, big)
      })
      const client = await front.connect().connected()
      client.socket.pause()
      const count = 20_000
      client.send('GET /x HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(count))
      await manyTurns()
      expect(answered).toBeGreaterThan(0)
      expect(answered).toBeLessThan(count)
      let received = 0
      const all = new Promise<void>((resolve) => {
        client.socket.removeAllListeners('data')
        client.socket.on('data', (text: string) => {
          received += text.length
          if (answered === count) resolve()
        })
      })
      client.socket.resume()
      await all
      expect(received).toBeGreaterThan(0)
    })
  })

  describe('heads in pieces', () => {
    const request = 'GET /split HTTP/1.1\r\nHost: a\r\nX-Long: 0123456789\r\n\r\n'

    test('split at every byte', async () => {
      const client = (await start(echoTarget)).connect()
      for (let cut = 1; cut < request.length; cut++) {
        // The second piece is only sent when the first was received.
        const before = front.clock.mono_ms
        await client.sent(request.slice(0, cut))
        client.send(request.slice(cut))
        expect(await client.read('/split')).toBe(ok('/split'))
        expect(front.clock.mono_ms).toBe(before)
      }
    })

    test('byte by byte, with the next request behind it', async () => {
      const client = (await start(echoTarget)).connect()
      for (const byte of request) await client.sent(byte)
      client.send(request)
      expect(await client.readBytes(ok('/split').length * 2)).toBe(ok('/split').repeat(2))
    })
  })

  describe('refusals', () => {
    test.each([
      ['garbage', '\x16\x03\x01\x00', 'RX_JUNK', 400],
      ['ambiguous framing', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n', 'RX_BAD', 400],
      ['a head without end', 'GET / HTTP/1.1\r\nHost: a\r\nX: ' + 'y'.repeat(40_000), 'RX_OVERFLOW', 431],
    ])('%s: answered and closed', async (_name, request, reason, status) => {
      const client = (await start(echoTarget)).connect()
      client.send(request)
      const answer = await client.readToEnd()
      expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} .*\\r\\n(?:.*\\r\\n)*Connection: close\\r\\n\\r\\n$`))
      client.socket.end()
      await front.until(`closed ${reason}`)
      expect(front.events).toEqual(['opened', `refused ${status}`, `closed ${reason}`])
    })

    test('answers to the requests in front of it come first', async () => {
      const client = (await start(echoTarget)).connect()
      client.send('GET /one HTTP/1.1\r\nHost: a\r\n\r\nGARBAGE\r\n\r\n')
      expect(await client.readToEnd()).toMatch(/^HTTP\/1\.1 200 OK\r\nContent-Length: 4\r\n\r\n\/oneHTTP\/1\.1 400 /)
      client.close()
    })
  })

  describe('responses', () => {
    test('a body that is too large to copy', async () => {
      const big = Buffer.alloc(3_000_000, 'b')
      const client = (await start((c) => c.respond(`HTTP/1.1 200 OK\r\nContent-Length: ${big.length}\r\n\r\n`, big))).connect()
      client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(2))
      const head = await client.read('\r\n\r\n')
      expect(await client.readBytes(big.length)).toBe('b'.repeat(big.length))
      expect(await client.read('\r\n\r\n')).toBe(head)
      expect(await client.readBytes(big.length)).toBe('b'.repeat(big.length))
    })

    test('a head that is larger than the scratch buffer', async () => {
      const field = 'y'.repeat(100_000)
      const client = (
        await start((c) => c.respond(`HTTP/1.1 200 OK\r\nX: ${field}\r\nContent-Length: 2\r\n\r\n`, Buffer.from('ab')))
      ).connect()
      client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
      expect(await client.read('\r\n\r\nab')).toContain(field)
    })

    test('chunked, in pieces of all sizes', async () => {
      const pieces = [1, 100, 16 * 1024, 16 * 1024 + 1, 200_000]
      const client = (
        await start((c) => {
          c.start('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n', 'chunked')
          for (const size of pieces) c.write(Buffer.alloc(size, 'c'))
          c.end()
        })
      ).connect()
      client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(2))
      const body = pieces.map((size) => `${size.toString(16)}\r\n${'c'.repeat(size)}\r\n`).join('') + '0\r\n\r\n'
      const expected = `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${body}`
      expect(await client.readBytes(expected.length * 2)).toBe(expected.repeat(2))
    })

    test('the first bytes leave with the head', async () => {
      const held: ClientConnection[] = []
      const client = (
        await start((c) => {
          c.start('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n', 'length')
          held.push(c)
          front.note('started')
        })
      ).connect()
      const reads: string[] = []
      client.socket.on('data', (chunk: string) => reads.push(chunk))
      client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
      await front.until('started')
      expect(held[0].write(Buffer.from('ab'))).toBe(true)
      await client.read('ab')
      held[0].write(Buffer.from('cd'))
      held[0].end()
      await client.read('cd')
      expect(reads).toEqual(['HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nab', 'cd'])
    })

    test('without a body', async () => {
      const client = (
        await start((c) => {
          c.start('HTTP/1.1 304 Not Modified\r\n\r\n', 'none')
          c.write(Buffer.from('never'))
          c.end()
        })
      ).connect()
      client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(2))
      expect(await client.readBytes(58)).toBe('HTTP/1.1 304 Not Modified\r\n\r\n'.repeat(2))
    })

    test('the end of the connection ends the body', async () => {
      const client = (
        await start((c) => {
          c.start('HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n', 'close')
          c.write(Buffer.from('to the end'))
          c.end()
        })
      ).connect()
      client.send('GET / HTTP/1.0\r\n\r\n')
      expect(await client.readToEnd()).toBe('HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nto the end')
      expect(front.closings).toEqual(['TX_EOF'])
    })

    test.each(['close', 'length', 'chunked'] as const)('one that breaks half-way is seen to be broken: %s', async (framing) => {
      const client = (
        await start((c) => {
          c.start('HTTP/1.1 200 OK\r\n\r\n', framing)
          c.write(Buffer.from('half'))
          c.onClosed = () => front.note('told')
          c.abort('TX_ERROR')
        })
      ).connect()
      client.send('GET / HTTP/1.0\r\n\r\n')
      expect(await client.readToEnd()).toMatch(/RST$/)
      expect(front.events).toEqual(['opened', 'closed TX_ERROR'])
    })

    test('backpressure: false until the client has taken it', async () => {
      const big = Buffer.alloc(20_000_000, 'd')
      const client = (
        await start((c) => {
          c.start(`HTTP/1.1 200 OK\r\nContent-Length: ${big.length + 4}\r\n\r\n`, 'length')
          c.onDrain = () => {
            front.note('drained')
            if (c.write(Buffer.from('tail'))) c.end()
          }
          front.note(`flushed ${c.write(big)}`)
        })
      ).connect()
      client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
      const expected = `HTTP/1.1 200 OK\r\nContent-Length: ${big.length + 4}\r\n\r\n${big.toString('latin1')}tail`
      expect((await client.readBytes(expected.length)) === expected).toBe(true)
      expect(front.events).toEqual(['opened', 'flushed false', 'drained'])
    })

    test('another connection may be answered in the middle of a pipeline', async () => {
      const parked: ClientConnection[] = []
      await start((c) => {
        if (c.req.url === '/park') {
          parked.push(c)
          front.note('parked')
          return
        }
        echoTarget(c)
        for (const other of parked.splice(0)) echoTarget(other)
      })
      const sleeper = front.connect()
      sleeper.send('GET /park HTTP/1.1\r\nHost: a\r\n\r\n')
      await front.until('parked')
      const client = front.connect()
      client.send('GET /one HTTP/1.1\r\nHost: a\r\n\r\nGET /two HTTP/1.1\r\nHost: a\r\n\r\n')
      expect(await client.read('/two')).toBe(ok('/one') + ok('/two'))
      expect(await sleeper.read('/park')).toBe(ok('/park'))
    })

    test('early hints, only to HTTP/1.1 and only before the response', async () => {
      const hints = new Fields()
      hints.append('Link', '</a.css>')
      await start((c) => {
        c.informational(103, 'Early Hints', hints)
        c.start('HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n', 'length')
        c.informational(103, 'Early Hints', hints)
        c.write(Buffer.from('x'))
        c.end()
      })
      const modern = front.connect().send('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
      const final = 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx'
      expect(await modern.readToEnd()).toBe('HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n' + final)
      expect(await front.connect().send('GET / HTTP/1.0\r\n\r\n').readToEnd()).toBe(final)
    })

    test('the flow is told when the client goes away', async () => {
      const client = (
        await start((c) => {
          c.onClosed = () => front.note(`told, closed: ${c.closed}`)
          front.note('asked')
        })
      ).connect()
      client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
      await front.until('asked')
      client.socket.resetAndDestroy()
      await front.until('told, closed: true')
      expect(front.closings).toEqual(['REM_CLOSE'])
    })

    test('a flow that throws costs its connection, not the worker', async () => {
      await start((c) => {
        if (c.req.url === '/bug') throw new Error('bug')
        echoTarget(c)
      })
      expect(await front.connect().send('GET /bug HTTP/1.1\r\nHost: a\r\n\r\n').readToEnd()).toBe('RST')
      expect(front.events).toEqual(['opened', 'failed Error: bug', 'closed TX_ERROR'])
      expect(await front.connect().send('GET /one HTTP/1.1\r\nHost: a\r\n\r\n').read('/one')).toBe(ok('/one'))
    })
  })

  test('a pipe gets what was read beyond the head, then all that follows', async () => {
    await start((c) => {
      const pipe = c.detach()
      pipe.write('HTTP/1.1 101 Switching Protocols\r\n\r\n')
      pipe.pipe(pipe)
    })
    const client = front.connect()
    client.send('GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\nfirst ')
    await client.read('first ')
    const long = 'z'.repeat(1_000_000)
    client.send(long + 'end')
    expect(await client.read('end')).toBe(long + 'end')
    client.socket.end()
    expect(await client.readToEnd()).toBe('')
    await front.until('closed TX_PIPE')
  })
})
