import { createHash, timingSafeEqual } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { apr1 } from './apr1.ts'

const FILE_BYTES_MAX = 4 << 20
/** How long a file is believed before it is looked at again. */
const LOOK_AGAIN_S = 1
/** Verified passwords that are remembered, by their hash: an APR1 one costs half a millisecond. */
const REMEMBERED_MAX = 10_000

/** A file of htpasswd(1), read anew when it has changed. */
export class Htpasswd {
  private readonly path: string
  private users = new Map<string, string>()
  private readonly remembered = new Set<string>()
  private seen_s = -Infinity
  private stamp = ''

  constructor(path: string) {
    this.path = path
  }

  /** Is that the user's password? Not when there is no such file. */
  accepts(user: string, password: string, now_s: number): boolean {
    this.refresh(now_s)
    const wanted = this.users.get(user)
    if (wanted === undefined) return false
    const key = createHash('sha256').update(`${user}:${wanted}:${password}`, 'latin1').digest('latin1')
    if (this.remembered.has(key)) return true
    if (!matches(password, wanted)) return false
    if (this.remembered.size >= REMEMBERED_MAX) this.remembered.clear()
    this.remembered.add(key)
    return true
  }

  private refresh(now_s: number): void {
    if (Math.abs(now_s - this.seen_s) < LOOK_AGAIN_S) return
    this.seen_s = now_s
    const stat = statSync(this.path, { throwIfNoEntry: false })
    const stamp = stat === undefined ? '' : `${stat.mtimeMs} ${stat.size} ${stat.ino}`
    if (stamp === this.stamp) return
    this.stamp = stamp
    this.remembered.clear()
    this.users = stat === undefined || !stat.isFile() || stat.size > FILE_BYTES_MAX ? new Map() : usersOf(readFileSync(this.path, 'latin1'))
  }
}

/** "name:hash" in each line; the first of a name counts. */
function usersOf(text: string): Map<string, string> {
  const users = new Map<string, string>()
  for (const line of text.split(/\r?\n/)) {
    const colon = line.indexOf(':')
    if (colon <= 0 || line.startsWith('#')) continue
    const name = line.slice(0, colon)
    if (!users.has(name)) users.set(name, line.slice(colon + 1))
  }
  return users
}

function matches(password: string, wanted: string): boolean {
  const bytes = Buffer.from(password, 'latin1')
  if (wanted.startsWith('{SHA}')) return same(createHash('sha1').update(bytes).digest('base64'), wanted.slice(5))
  if (wanted.startsWith('$apr1$')) return same(apr1(bytes, wanted.split('$')[2] ?? ''), wanted)
  // Other crypt(3) hashes, those of DES without a mark, are not computed: nobody gets in by writing one down.
  if (/^\$\w+\$|^[./0-9A-Za-z]{13}$/.test(wanted) || wanted === '') return false
  return same(password, wanted)
}

/** Takes as long whatever the first difference is. */
function same(a: string, b: string): boolean {
  const [x, y] = [a, b].map((text) => createHash('sha256').update(text, 'latin1').digest())
  return timingSafeEqual(x, y)
}
