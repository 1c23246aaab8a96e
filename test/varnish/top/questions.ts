/** What varnishtop -1 and ours are asked about recorded traffic. */
export const QUESTIONS: readonly (readonly string[])[] = [
  [],
  ['-i', 'ReqURL'],
  ['-f'],
  ['-f', '-i', 'ReqHeader,BerespHeader'],
  ['-b'],
  ['-c'],
  ['-E'],
  ['-x', 'VCL_*'],
  ['-C', '-I', 'ReqHeader:HOST'],
  ['-g', 'raw'],
  ['-g', 'session', '-X', 'a'],
  ['-g', 'request', '-q', 'RespStatus >= 400'],
]
