/** What a format may hold: the table that docs/reference/formats.md is made of. A test reads each of them. */

export interface SpecifierRow {
  readonly text: string
  readonly about: string
}

export const SPECIFIERS: readonly SpecifierRow[] = [
  { text: '%b', about: 'Bytes of the response’s body; with -b, those received from the backend' },
  { text: '%D', about: 'Microseconds from the start to the end, as `%{us}T`' },
  { text: '%H', about: 'Protocol of the request; `HTTP/1.0` when unknown' },
  { text: '%h', about: 'Address of the client; with -b, of the backend' },
  { text: '%I', about: 'Bytes received from the client, head and body; with -b, sent to the backend' },
  { text: '%{X}i', about: 'Request field X; the last one when there are several' },
  { text: '%l', about: '`-`: nobody is asked for his login name' },
  { text: '%m', about: 'Method' },
  { text: '%O', about: 'Bytes sent to the client, head and body; with -b, received from the backend' },
  { text: '%{X}o', about: 'Response field X; the last one when there are several' },
  { text: '%q', about: 'Query of the URL with its question mark; nothing when there is none' },
  { text: '%r', about: 'The request: `%m http://%{Host}i%U%q %H`, with the first Host that was seen' },
  { text: '%s', about: 'Status' },
  { text: '%t', about: 'When the request was received, as `[25/Nov/2026:22:43:24 +0000]`; with -b, when it was sent' },
  {
    text: '%{%F %T}t',
    about:
      'The same as strftime(3) has it in the C locale. `%{sec}t`, `%{msec}t` and `%{usec}t` are seconds, milli- and microseconds since 1970; `%{msec_frac}t` and `%{usec_frac}t` the part behind the second',
  },
  { text: '%T', about: 'Seconds from the start to the end, as `%{s}T`' },
  { text: '%{ms}T', about: 'The same in `s`, `ms` or `us`' },
  { text: '%U', about: 'Path of the URL, without its query' },
  { text: '%u', about: 'User of `Authorization: Basic`' },
  {
    text: '%{Varnish:time_firstbyte}x',
    about: 'Seconds from the start until the response began; with -b, until the backend’s head was there',
  },
  { text: '%{Varnish:hitmiss}x', about: '`hit` or `miss`; pass, pipe and synth are misses' },
  { text: '%{Varnish:handling}x', about: '`hit`, `miss`, `pass`, `pipe` or `synth`' },
  { text: '%{Varnish:side}x', about: '`c` for a request of a client, `b` for one to a backend' },
  { text: '%{Varnish:vxid}x', about: 'Number of the transaction, which `lacquer log -q "vxid == 123"` finds' },
  { text: '%{Varnish:default_format}x', about: 'All that is printed without -F' },
  { text: '%{VCL_Log:key}x', about: 'What rules have logged with `std.log("key:value")`' },
  {
    text: '%{VSL:Timestamp:Process[2]}x',
    about:
      'The first record with that tag. `:prefix` is what it begins with, before a colon, and what stands behind that is taken; `[n]` its n-th word. Both may be left out. Tags that may hold any byte need -j or --json',
  },
  { text: '%%', about: 'A percent sign' },
]
