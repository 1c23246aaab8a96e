import { subscribe, unsubscribe } from 'node:diagnostics_channel'

const CREATED = 'undici:request:create'
const setAsterisk = (message: unknown): void => {
  ;(message as { request: { path: string } }).request.path = '*'
}

/**
 * undici takes no asterisk-form (RFC 9112 section 3.2.4), but shows each request it makes on a diagnostics channel.
 * `dispatch` must make exactly one, at once.
 */
export function withAsterisk(dispatch: () => void): void {
  subscribe(CREATED, setAsterisk)
  try {
    dispatch()
  } finally {
    unsubscribe(CREATED, setAsterisk)
  }
}
