/** What varnishlog and our log tool are asked about the recorded traffic: options, each list as a line. */
const LINES = `
-g raw
-g vxid
-g request
-g session
-g req -v
-v
-g request -c
-g request -b
-g request -E
-g raw -b
-c
-b
-g raw -c
-i ReqURL
-i Req*,Begin
-x VCL_*
-x *
-I ReqURL:a
-I ^/a
-i ReqMethod -I ReqURL:^/a
-X ReqHeader:Host
-X a -i Begin
-x ReqURL -I ReqURL:a
-C -I reqheader:HOST
-I RespHeader:^(?i)x-umlaut
-q RespStatus>=500
-g request -q ReqURL~"^/esi"
-g request -q BereqURL eq "/a"
-g request -q {2}ReqURL
-g request -q {3+}ReqURL
-g request -q {1-}BereqURL
-g session -q {2}ReqURL eq "/two"
-g raw -q vxid==0
-q vxid>20
-q vxid!=5 and vxid<=32768
-k 3
-g raw -k 7
-L 1
-L 2 -g request
-L 3 -g session
-L 4 -g request
-L 6 -g session
-T 0
-T 0 -g request
-g raw -q CLI
-q Timestamp:Process[2]>0.0
-q Timestamp:Process[2]>0.001
-q Timestamp:Start[3]==0.0
-g raw -i Hash,Debug
-C -q ReqURL eq "/ESI"
-C -q ReqHeader:user-agent~"CURL"
-q ReqHeader:host eq "127.0.0.1:18712"
-q ReqHeader:x-a
-q not Begin:x and VCL_call eq HIT
-g request -q (VCL_call eq MISS or VCL_call eq PASS) and not BereqURL~"e"
-g request -q VCL_return ne deliver
-q ReqAcct[6]>1000
-q Begin[1] eq sess
-q TTL[2]<0
-q Hit[2]<0.0
-q FetchError
-q *Error
-q Gzip,Fetch_Body[2]
-q Link[3] eq esi
-g request -q Begin[3] eq restart
-g session -q RespStatus==418
-q VCL_Log:path eq "/a"
-q VCL_Log:path !~ "^/"
-Q FILE
`

/** Of -Q. */
export const QUERY_FILE = '# what failed\n*Error\n\nRespStatus >= 500 \\\n and ReqMethod eq "GET" # and was asked for\n'

export const QUESTIONS: readonly (readonly string[])[] = LINES.trim()
  .split('\n')
  .map((line) => {
    // A query is one argument, with blanks and all.
    const at = line.indexOf('-q ')
    const words = (at === -1 ? line : line.slice(0, at)).trim().split(' ')
    return at === -1 ? words : [...words.filter((word) => word !== ''), '-q', line.slice(at + 3)]
  })
