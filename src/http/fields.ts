/**
 * Field lines of a message, in order, as three parallel arrays so that a hit path can walk them without
 * creating an object per line. `keys[i]` is the lower-case name and is what every comparison uses;
 * `names[i]` keeps the sender's spelling, `values[i]` is the field value without surrounding whitespace.
 * Strings are latin1: one char per byte (RFC 9110 section 5.5).
 */
export class Fields {
  count = 0
  readonly names: string[] = []
  readonly keys: string[] = []
  readonly values: string[] = []

  /** First value of the field, or undefined. `key` must be lower case. */
  get(key: string): string | undefined {
    const keys = this.keys
    for (let i = 0; i < this.count; i++) if (keys[i] === key) return this.values[i]
    return undefined
  }

  has(key: string): boolean {
    return this.indexOf(key, 0) >= 0
  }

  /** Index of the first line with this lower-case name at or after `from`, or -1. */
  indexOf(key: string, from: number): number {
    const keys = this.keys
    for (let i = from; i < this.count; i++) if (keys[i] === key) return i
    return -1
  }

  /** All values of the field joined with ", " (RFC 9110 section 5.3), or undefined. */
  combined(key: string): string | undefined {
    let i = this.indexOf(key, 0)
    if (i < 0) return undefined
    let value = this.values[i]
    while ((i = this.indexOf(key, i + 1)) >= 0) value += ', ' + this.values[i]
    return value
  }

  /** Makes one line of all lines of that name, where there are several. */
  gather(key: string, separator = ', '): void {
    const first = this.indexOf(key, 0)
    for (let i = first < 0 ? -1 : this.indexOf(key, first + 1); i >= 0; i = this.indexOf(key, i + 1)) {
      this.values[first] += separator + this.values[i]
    }
    if (first >= 0) this.deleteFrom(key, first + 1)
  }

  append(name: string, value: string): void {
    this.appendKeyed(name, name.toLowerCase(), value)
  }

  appendKeyed(name: string, key: string, value: string): void {
    const i = this.count++
    this.names[i] = name
    this.keys[i] = key
    this.values[i] = value
  }

  /** Replaces every line of that name by one: in the place of the first, or at the end. */
  set(name: string, value: string): void {
    const key = name.toLowerCase()
    const i = this.indexOf(key, 0)
    if (i < 0) return this.appendKeyed(name, key, value)
    this.names[i] = name
    this.values[i] = value
    this.deleteFrom(key, i + 1)
  }

  /** Removes every line of that lower-case name; true if there was one. */
  delete(key: string): boolean {
    const before = this.count
    this.deleteFrom(key, 0)
    return this.count < before
  }

  /** Removes one line. */
  deleteAt(i: number): void {
    const { names, keys, values } = this
    const last = --this.count
    for (let to = i; to < last; to++) {
      names[to] = names[to + 1]
      keys[to] = keys[to + 1]
      values[to] = values[to + 1]
    }
  }

  clear(): void {
    this.count = 0
  }

  /** Becomes a copy of `other`. */
  copyFrom(other: Fields): void {
    this.count = other.count
    for (let i = 0; i < other.count; i++) {
      this.names[i] = other.names[i]
      this.keys[i] = other.keys[i]
      this.values[i] = other.values[i]
    }
  }

  private deleteFrom(key: string, from: number): void {
    let kept = this.indexOf(key, from)
    if (kept < 0) return
    for (let i = kept + 1; i < this.count; i++) {
      if (this.keys[i] === key) continue
      this.names[kept] = this.names[i]
      this.keys[kept] = this.keys[i]
      this.values[kept] = this.values[i]
      kept++
    }
    this.count = kept
  }
}
