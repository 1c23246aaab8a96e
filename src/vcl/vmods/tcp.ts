import type { ClientContext } from '../runtime/context.ts'
import { bound, CLIENT_SUBS, only } from './define.ts'
import { callsFor, IPPROTO_TCP, SO_MAX_PACING_RATE, SOL_SOCKET, TCP_CONGESTION, TCP_INFO, word } from './socket.ts'
import type { Vmod, VmodLoad } from './vmod.ts'

/** struct tcp_info of linux/tcp.h, as far as it is told; each a 32-bit number. */
const SND_MSS = 16
const RCV_MSS = 20
const LOST = 32
const RETRANS = 36
const PMTU = 60
const RTT = 68
const RTTVAR = 72
const SND_CWND = 80
const ADVMSS = 84
const REORDERING = 88
const INFO_BYTES = 92

/** What an operator wrote may be anything, and an option is at most so long (TCP_CA_NAME_MAX). */
const NAME_BYTES = 16

const bindCongestion = (load: VmodLoad) => {
  const calls = callsFor(load, 'tcp.congestion_algorithm()')
  return (c: ClientContext, name: string | undefined): number => {
    const problem = calls.set(c.socket_fd, IPPROTO_TCP, TCP_CONGESTION, Buffer.from((name ?? '').slice(0, NAME_BYTES), 'latin1'))
    return problem === 0 ? 0 : told(c, 'tcp.congestion_algorithm()', problem)
  }
}

const bindPace = (load: VmodLoad) => {
  const calls = callsFor(load, 'tcp.set_socket_pace()')
  return (c: ClientContext, kbytes: number): void => {
    const problem = calls.set(c.socket_fd, SOL_SOCKET, SO_MAX_PACING_RATE, word(Math.min(Math.max(kbytes, 0) * 1024, 0xffffffff)))
    if (problem !== 0) told(c, 'tcp.set_socket_pace()', problem)
  }
}

const bindRtt = (load: VmodLoad) => {
  const info = infoOf(load, 'tcp.get_estimated_rtt()')
  return (c: ClientContext): number => {
    const found = info(c)
    return found === undefined ? -1 : found.getUint32(RTT, true) / 1000
  }
}

const bindDump = (load: VmodLoad) => {
  const info = infoOf(load, 'tcp.dump_info()')
  const calls = callsFor(load, 'tcp.dump_info()')
  return (c: ClientContext): void => {
    const found = info(c)
    if (found === undefined) return
    const at = (offset: number): number => found.getUint32(offset, true)
    c.vclLog(`tcpi: snd_mss=${at(SND_MSS)} rcv_mss=${at(RCV_MSS)} lost=${at(LOST)} retrans=${at(RETRANS)}`)
    const rtt = `rtt=${at(RTT)} rttvar=${at(RTTVAR)} snd_cwnd=${at(SND_CWND)}`
    c.vclLog(`tcpi2: pmtu=${at(PMTU)} ${rtt} advmss=${at(ADVMSS)} reordering=${at(REORDERING)}`)
    const name = Buffer.alloc(NAME_BYTES)
    if (calls.get(c.socket_fd, IPPROTO_TCP, TCP_CONGESTION, name) === 0)
      c.vclLog(`congestion: ${name.toString('latin1').replace(/\0.*$/s, '')}`)
  }
}

function infoOf(load: VmodLoad, what: string): (c: ClientContext) => DataView | undefined {
  const calls = callsFor(load, what)
  return (c) => {
    const bytes = new Uint8Array(INFO_BYTES)
    const problem = calls.get(c.socket_fd, IPPROTO_TCP, TCP_INFO, bytes)
    if (problem === 0) return new DataView(bytes.buffer)
    told(c, what, problem)
    return undefined
  }
}

function told(c: ClientContext, what: string, problem: string): -1 {
  c.vclError(`${what}: ${problem}`, what)
  return -1
}

/** As in varnish-modules. */
export const tcp: Vmod = {
  name: 'tcp',
  doc: 'The TCP connection of the client. On a unix socket there is none: the functions fail with a VCL_Error record, and rules go on.',
  functions: {
    congestion_algorithm: only(
      CLIENT_SUBS,
      bound(
        'INT',
        ['STRING algorithm'],
        'Sets the congestion control algorithm: 0, or -1 when the kernel does not have it.',
        bindCongestion,
      ),
    ),
    dump_info: only(CLIENT_SUBS, bound('VOID', [], 'What the kernel knows of the connection (TCP_INFO), as VCL_Log records.', bindDump)),
    get_estimated_rtt: only(
      CLIENT_SUBS,
      bound('REAL', [], 'The estimated round-trip time in milliseconds; -1 when it is not known.', bindRtt),
    ),
    set_socket_pace: only(
      CLIENT_SUBS,
      bound(
        'VOID',
        ['INT pace'],
        'At most so many KB/s to this client, also after this request. Wants the fq scheduler, or a kernel that paces by itself.',
        bindPace,
      ),
    ),
  },
  unsupported: {},
}
