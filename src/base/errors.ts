/**
 * Something the person who started Lacquer can put right: a bad flag, a port in use, an unreadable file. The message is
 * one complete line that names the thing and the remedy; `main` prints it without a stack and exits with `exitCode`.
 */
export class OperatorError extends Error {
  override readonly name = 'OperatorError'
  readonly exitCode = 1
}

/** The text of anything that was thrown, on one line. */
export function messageOf(thrown: unknown): string {
  const text = thrown instanceof Error ? thrown.message : String(thrown)
  return text.replaceAll('\r', ' ').replaceAll('\n', ' ')
}

/** The system's code of an error ("EADDRINUSE"), or undefined. */
export function codeOf(thrown: unknown): string | undefined {
  if (!(thrown instanceof Error) || !('code' in thrown)) return undefined
  return typeof thrown.code === 'string' ? thrown.code : undefined
}

/** What to do when no more files can be opened; undefined for other errors. */
export function outOfFiles(thrown: unknown): string | undefined {
  switch (codeOf(thrown)) {
    case 'EMFILE':
      return 'raise ulimit -n'
    case 'ENFILE':
      return 'the whole system has too many files open: raise fs.file-max'
    default:
      return undefined
  }
}

/** Why a file cannot be read, for the person who named it. */
export function readFault(thrown: unknown): string {
  if (thrown instanceof OperatorError) return thrown.message
  switch (codeOf(thrown)) {
    case 'ENOENT':
      return 'there is no such file'
    case 'EACCES':
      return 'not permitted to read it'
    case 'EISDIR':
      return 'is a directory'
    default:
      return `cannot be read (${codeOf(thrown) ?? 'error'})`
  }
}
