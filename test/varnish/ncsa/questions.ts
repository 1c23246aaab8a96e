import { vslFile, type WrittenRecord } from '../../kit/vsl-file.ts'

/** What varnishncsa and ours are asked: about recorded traffic, and about records that an attacker would like to be logged. */

export const QUESTIONS: readonly (readonly string[])[] = [
  [],
  ['-b'],
  ['-b', '-c'],
  ['-E'],
  ['-E', '-b'],
  ['-j'],
  ['-g', 'request'],
  ['-g', 'request', '-b', '-c', '-q', 'BereqURL ~ "a"'],
  ['-q', 'RespStatus >= 400'],
  ['-C', '-q', 'ReqHeader:user-agent ~ "CURL"'],
  ['-b', '-c', '-E', '-F', '%{Varnish:side}x %{Varnish:vxid}x %h %m %U %q %H %s %I %b %O %u %l'],
  ['-E', '-F', '%{Varnish:handling}x %{Varnish:hitmiss}x %{Varnish:time_firstbyte}x %D %T %{ms}T %{us}T'],
  ['-b', '-F', '%{Varnish:handling}x %{Varnish:time_firstbyte}x %D %T %{s}T'],
  ['-F', '%t %{%F %T %Z}t %{sec}t %{msec}t %{usec}t %{msec_frac}t %{usec_frac}t %{%c|%e|%j|%U %V %W|%y %G %g}t'],
  ['-F', '%{Host}i %{user-agent}i %{X-A}i %{Content-Type}o %{age}o %{nope}o'],
  ['-F', '%{VCL_Log:path}x %{VCL_Log:nope}x %{VSL:VCL_Log}x %{VSL:VCL_Log:path}x'],
  ['-F', '%{VSL:Begin[2]}x %{VSL:Timestamp:Process[2]}x %{VSL:Link[2]}x %{VSL:Hit}x %{VSL:ReqStart[9]}x'],
  ['-b', '-F', '%{VSL:TTL}x %{VSL:Fetch_Body[2]}x %{VSL:BackendOpen[3]}x %{VSL:FetchError}x'],
  ['-F', 'a\\nb\\tc\\\\d\\x \\"%s\\"'],
  ['-j', '-F', '{"u": "%U", "q": "%q", "s": %s, "x": "%{X-A}i", "h": "%{VSL:Hash}x"}'],
  ['-F', ''],
]

export const HOSTILE_QUESTIONS: readonly (readonly string[])[] = [
  [],
  ['-j'],
  ['-F', '%r|%{X}i|%{x}o|%u|%{VCL_Log:k}x|%{VSL:Error}x|%{VSL:Error[2]}x'],
  ['-b', '-F', '%h|%m|%U|%q|%{Host}i|%s'],
  ['-F', '%{VSL:ReqHeader:x}x|%{VSL:ReqHeader:X[1]}x|%{VSL:ReqURL}x'],
]

const FORGED = 'x" 200 0 "-" "-"\n6.6.6.6 - - [25/Nov/2026:00:00:00 +0000] "GET http://h/ HTTP/1.1" 200 0'
const BYTES = Array.from({ length: 126 }, (_, i) => String.fromCharCode(i + 1)).join('')

function request(...records: readonly WrittenRecord[]): WrittenRecord[] {
  const head: WrittenRecord[] = [
    { tag: 'Begin', text: 'req 1 rxreq' },
    { tag: 'Timestamp', text: 'Start: 1795646604.972769 0.000000 0.000000' },
    { tag: 'ReqStart', text: '1.2.3.4 99 a0' },
  ]
  return [...head, ...records, { tag: 'End', text: '' }]
}

/** Each of these is one request. */
const REQUESTS: readonly WrittenRecord[][] = [
  request({ tag: 'ReqMethod', text: FORGED }, { tag: 'ReqURL', text: `/${FORGED}` }, { tag: 'ReqProtocol', text: FORGED }),
  request({ tag: 'ReqURL', text: `/${BYTES.replace('\v', '')}` }, { tag: 'ReqHeader', text: `Host: ${FORGED}` }),
  request(
    { tag: 'ReqHeader', text: `X: ${FORGED}` },
    { tag: 'RespHeader', text: `X: ${FORGED}` },
    { tag: 'ReqHeader', text: `User-Agent: ${FORGED}` },
  ),
  request({ tag: 'ReqHeader', text: `Authorization: Basic ${Buffer.from('jo"e\n\\:x').toString('base64')}` }),
  request({ tag: 'ReqHeader', text: 'Authorization: Basic !' }, { tag: 'VCL_Log', text: `k:${FORGED}` }, { tag: 'VCL_Log', text: 'k:2' }),
  request({ tag: 'Error', text: `a\tb\nc "d"` }, { tag: 'RespStatus', text: '2"0' }),
  request(
    { tag: 'ReqHeader', text: 'x: a\0b' },
    { tag: 'ReqURL', text: '/a\0b?c\0' },
    { tag: 'ReqHeader', text: 'X: bare', is_bare: true },
  ),
  request({ tag: 'HttpGarbage', text: FORGED }, { tag: 'RespStatus', text: '400' }),
  request({ tag: 'ReqHeader', text: 'referer:' }, { tag: 'ReqHeader', text: 'Referer' }, { tag: 'RespStatus', text: '' }),
  request({ tag: 'VCL_call', text: 'HIT' }, { tag: 'VCL_return', text: 'restart' }),
]

export function hostileFile(): Buffer {
  return vslFile([
    ...REQUESTS.map((records, i) => ({ vxid: 2 * i + 2, side: 'client' as const, records })),
    {
      vxid: 1001,
      side: 'backend',
      records: [
        { tag: 'Begin', text: 'bereq 1 fetch' },
        { tag: 'BackendOpen', text: `22 b ${FORGED.replaceAll(' ', '\x01')} 80` },
        { tag: 'BereqURL', text: FORGED },
        { tag: 'BereqHeader', text: `Host: ${BYTES}` },
        { tag: 'End', text: '' },
      ],
    },
  ])
}
