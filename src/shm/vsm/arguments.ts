import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { INDEX, MGT, SOCKET } from './places.ts'

/** What a running Lacquer, or a varnishd, says of how it can be reached. */
export interface Reach {
  /** -T: host and port of each address. */
  readonly admin: readonly (readonly [host: string, port: number])[]
  /** -S: the file of the secret. */
  readonly secret: string | undefined
  /** Ours alone: no secret is asked for. */
  readonly socket: string
}

/** Undefined when nobody runs there who tells; a directory that we may not read throws. */
export function readReach(directory: string): Reach | undefined {
  const lines = read(join(directory, MGT, INDEX))?.split('\n')
  if (lines === undefined) return undefined
  const live = new Set<string>()
  for (const line of lines) {
    if (line.startsWith('+ ')) live.add(line.slice(2))
    else if (line.startsWith('- ')) live.delete(line.slice(2))
  }
  const text = (ident: string): string | undefined => {
    const found = [...live].map((line) => line.split(' ')).find((fields) => fields[3] === 'Arg' && fields[4] === ident)
    const bytes = found === undefined ? undefined : read(join(directory, MGT, found[0]))
    return bytes?.slice(0, bytes.indexOf('\0'))
  }
  const admin = (text('-T') ?? '').split('\n').filter((line) => line !== '')
  return {
    admin: admin.map((line) => line.split(' ')).map(([host, port]) => [host, Number(port)] as const),
    secret: text('-S'),
    socket: join(directory, SOCKET),
  }
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT' || (error as NodeJS.ErrnoException).code === 'ENOTDIR') return undefined
    throw error
  }
}
