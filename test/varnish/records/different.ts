/** Lines that only one of the two has, or that stand elsewhere, and why: everywhere, or in one scenario. A row that no scenario needs any more fails. */
export const DIFFERENT: readonly { readonly line: RegExp; readonly scenario?: string; readonly why: string }[] = [
  {
    line: /^\w+(?:Header|Unset) (?:Via|X-Varnish|Cache-Status|Server: (?:Varnish|Lacquer)|Date)\b/,
    why: 'Our names, and Cache-Status (RFC 9211) in the place of X-Varnish; Date of what is made here is set when it is sent.',
  },
  {
    line: /^\w+Header (?:Accept-Ranges|Age|Connection)\b/,
    why: 'Accept-Ranges is stored with the object, Age is that of a clock that stands still, a connection that stays open needs no field in HTTP/1.1.',
  },
  { line: /^ObjHeader Content-Length\b/, why: 'The length of a stored body is that of the body, and no field of its head.' },
  { line: /^Storage STORE Transient$/, why: 'What vcl_synth makes is sent from where it was made, and is in no store.' },
  { line: /^Length \d{2,3}$|^VdpAcct V1B N [12]\d\d$/, why: 'Error pages have other texts, and pages with ESI are stored as frames.' },
  {
    line: /^Resp(?:Header|Unset) (?:Content-Length: \d+|Transfer-Encoding: chunked)$/,
    why: 'A body that is whole when its head leaves is sent with its length; what is sent in chunks is told when the sending begins.',
  },
  {
    line: /^TTL VCL 300 |^BereqHeader Content-Length: 5$|^BerespUnset Content-Length: 37$|^BerespHeader Content-Length: 3$/,
    why: 'Status and URL are told once, when the sub has returned; framing is not among the fields that rules see.',
  },
  { scenario: 'includes', line: /^Fetch_Body /, why: 'Pages with ESI are streamed.' },
  { line: /^V[df]pAcct esi /, why: 'What is stored of a page with ESI are frames, and all of it is counted.' },
  {
    line: /^VdpAcct gunzip /,
    scenario: 'gzip for who does not take it',
    why: 'Counted is what a filter was given, as the manual says; varnishd 7.1 has what it gave at last.',
  },
  {
    line: /^Filters  gunzip|^RespUnset Content-Encoding: gzip$/,
    scenario: 'gzip for who does not take it',
    why: 'Filters are told when all that is known of them is known.',
  },
  { line: /^BereqHeader Transfer-Encoding: chunked$/, why: 'Framing is that of a connection: it is told where the body is sent.' },
  {
    scenario: 'an error that is retried until that is too often',
    line: /./,
    why: 'vcl_backend_error has the last word; Varnish answers 503 without it.',
  },
  { scenario: 'a fetch that is abandoned', line: /^RespReason /, why: 'The reason says that it was the fetch.' },
  {
    scenario: 'no HTTP',
    line: /^(?:HttpGarbage|FetchError|BerespStatus 503|BerespReason Service) ?/,
    why: 'What came is not kept; the FetchError says what was wrong with it.',
  },
  {
    scenario: 'half a body',
    line: /^(?:SessClose|FetchError) /,
    why: 'The client is told that it broke; the FetchError says how the connection ended.',
  },
  { scenario: 'no request line', line: /^Error /, why: 'What is wrong with it is said.' },
  { scenario: 'white space in a name', line: /^(?:SessClose|BogoHeader) /, why: 'A request that we must not guess at is no junk.' },
]
