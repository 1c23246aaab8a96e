import { constants } from 'node:os'
import type { FetchFailure } from '../origin/contract.ts'

/** As strerror(3) has them, whose words operators search for. */
const TEXTS: Readonly<Record<string, string>> = {
  EACCES: 'Permission denied',
  EADDRNOTAVAIL: 'Cannot assign requested address',
  ECONNREFUSED: 'Connection refused',
  ECONNRESET: 'Connection reset by peer',
  EHOSTUNREACH: 'No route to host',
  ENETUNREACH: 'Network is unreachable',
  ENOENT: 'No such file or directory',
  ETIMEDOUT: 'Connection timed out',
}

/** The FetchError record: Varnish's words where it has some for what happened, and what else is known. `chunked`: the body. */
export function fetchErrorText(name: string, { kind, message }: FetchFailure, chunked: boolean): string {
  const backend = `backend ${name}`
  switch (kind) {
    case 'connect':
      return `${backend}: ${connectText(message)}`
    case 'connect_timeout':
      return `${backend}: ${failText('ETIMEDOUT', constants.errno.ETIMEDOUT)}`
    case 'first_byte_timeout':
      return 'first byte timeout'
    case 'closed':
      return 'HTC eof (-1)'
    case 'malformed':
      return `http format error: ${message}`
    case 'incomplete':
      return `${chunked ? 'chunked read err' : 'straight insufficient bytes'}: ${message}`
    default:
      return message
  }
}

/** "connect ECONNREFUSED 127.0.0.1:8080"; of several addresses there are several. */
function connectText(message: string): string {
  const code = /^connect (E[A-Z]+) [^;]*$/.exec(message)?.[1] ?? ''
  const number = (constants.errno as Readonly<Record<string, number>>)[code] as number | undefined
  return number === undefined || !(code in TEXTS) ? `fail: ${message}` : failText(code, number)
}

function failText(code: string, number: number): string {
  return `fail errno ${number} (${TEXTS[code]})`
}
