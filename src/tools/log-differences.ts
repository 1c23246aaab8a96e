/** What whoever knows varnishd's log finds different here; behind the table of tags (docs/reference/log-tags.md). test/varnish/records holds the default tags to varnishd 7.1, and some masked ones. */
export const LOG_DIFFERENCES = `## What differs from varnishd's log

Records, their order and their fields are those of varnishd 7.1, as far as what happens is the same. What is not:

- **Fields.** \`Cache-Status\` (RFC 9211) is there in place of \`X-Varnish\`, and \`X-Varnish\` only where rules ask for it. Age, Date, Connection, Accept-Ranges and framing are told where they are set, which is not always where varnishd sets them.
- **Storage.** Bodies of vcl_synth and of requests are in no store, and have no record.
- **BackendClose** has varnishd 7.1's texts (\`close Received junk data\`) in both formats of the log.
- **Gzip.** Where bits begin and end is known of what is converted in one call (16 KiB of gzip, 8 KiB to be compressed). Of larger bodies it is known where their blocks begin, and the two numbers behind that are 0; of a page with ESI, which is stored in sections, all three are.
- **VfpAcct, VdpAcct.** Calls are pieces as they came; bytes of VfpAcct are what was handed on, of VdpAcct what was given to a filter (7.1 counts there what was handed on last). \`esi\` counts the frames that are stored. Network and page have varnishd's names: V1F_STRAIGHT, V1F_CHUNKED, V1F_EOF; V1B; VED, VZZ, PGZ.
- **Timestamp ReqBody.** What std.cache_req_body is to keep is taken in before vcl_recv begins, so it stands before \`VCL_call RECV\`; that a body in chunks has a length from then on is not told as a change of fields.
- **ExpKill** has \`EXP_Expired x=XID t=SECONDS\` and \`LRU x=XID\`, both in no transaction. Expired objects are taken out a segment of the store at a time, when the last in it has ended. What varnishd's expiry thread says of its queue (EXP_Inbox, EXP_When, EXP_expire, LRU_Cand), with addresses of structures, has no counterpart.
- **VCL_trace** is there of rules that were loaded when \`vsl_mask\` had it unmasked (\`-p vsl_mask=+VCL_trace\`, or before vcl.load): others have no code for it, so that they pay nothing. It tells every statement, where varnishd tells each block of statements, and numbers them in the order in which they are compiled. Files are numbered as they are read, the built-in rules behind them. Nothing is told of vcl_init and vcl_fini. \`lacquer explain\` tells more, of one request, of rules as they are.
- **LostHeader** stands before the VCL_Error of rules that set a field of more than 64 KiB or append more than 1024 lines. There is no workspace that could overflow before. A message that comes with too many is refused (BogoHeader, FetchError).
- **Transaction ids** have 30 bits in both formats, and wrap after a thousand million.
- **Not written:** Notice, Witness, WorkThread, ObjUnset, and the H2 records.
`
