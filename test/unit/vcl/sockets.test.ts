import { once } from 'node:events'
import { createServer, connect, type AddressInfo, type Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { socketCalls } from '../../../src/shm/native.ts'
import { IP_TOS, IPPROTO_IP, SO_MAX_PACING_RATE, SOL_SOCKET } from '../../../src/vcl/vmods/socket.ts'
import { parseIp } from '../../../src/base/ip.ts'
import { FakeContext, load, run } from '../../kit/fake-context.ts'

/** Rules against a socket of the kernel's. */
describe('options of a TCP socket', () => {
  const server = createServer()
  let client: Socket
  let fd = -1

  beforeAll(async () => {
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    client = connect((server.address() as AddressInfo).port, '127.0.0.1')
    const [accepted] = (await once(server, 'connection')) as [Socket & { _handle: { fd: number } }]
    fd = accepted._handle.fd
  })

  afterAll(() => {
    client.destroy()
    server.close()
  })

  function after(statements: string, socket_fd = fd): FakeContext {
    const c = new FakeContext()
    Object.assign(c, { socket_fd, local_ip: parseIp('127.0.0.1', 80) })
    run(load(`import std; import tcp; sub vcl_recv { ${statements} }`), 'recv', c)
    return c
  }

  function option(level: number, name: number): number {
    const into = new Uint8Array(4)
    expect(socketCalls('a test').get(fd, level, name, into)).toBe(0)
    return new DataView(into.buffer).getUint32(0, true)
  }

  test('std.set_ip_tos', () => {
    expect(after('std.set_ip_tos(16);').errors).toEqual([])
    expect(option(IPPROTO_IP, IP_TOS)).toBe(16)
  })

  test('tcp.set_socket_pace is in KB/s', () => {
    expect(after('tcp.set_socket_pace(1000);').errors).toEqual([])
    expect(option(SOL_SOCKET, SO_MAX_PACING_RATE)).toBe(1000 * 1024)
  })

  test('tcp.congestion_algorithm, and one that there is not', () => {
    const c = after(
      'set req.http.r = tcp.congestion_algorithm("reno"); set req.http.s = tcp.congestion_algorithm("nonsense"); tcp.dump_info();',
    )
    expect([c.req.fields.get('r'), c.req.fields.get('s')]).toEqual(['0', '-1'])
    expect(c.errors).toEqual(['tcp.congestion_algorithm(): ENOENT'])
    expect(c.log.map((line) => line.replace(/\d+/g, 'N'))).toEqual([
      'tcpi: snd_mss=N rcv_mss=N lost=N retrans=N',
      'tcpiN: pmtu=N rtt=N rttvar=N snd_cwnd=N advmss=N reordering=N',
      'congestion: reno',
    ])
  })

  test('tcp.get_estimated_rtt is in milliseconds', () => {
    const rtt = Number(after('set req.http.r = tcp.get_estimated_rtt();').req.fields.get('r'))
    expect(rtt).toBeGreaterThan(0)
    expect(rtt).toBeLessThan(1000)
  })

  test('of a socket that is closed: an error for the log', () => {
    const c = after('std.set_ip_tos(1); tcp.set_socket_pace(1); set req.http.r = tcp.get_estimated_rtt();', -1)
    expect(c.req.fields.get('r')).toBe('-1.000')
    expect(c.errors).toEqual(['std.set_ip_tos(): EBADF', 'tcp.set_socket_pace(): EBADF', 'tcp.get_estimated_rtt(): EBADF'])
  })
})
