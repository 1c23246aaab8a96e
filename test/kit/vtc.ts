import { test } from 'vitest'
import { Conversation } from './conversation.ts'

/** A test that is a conversation between clients, origins and a cache. Its title says what the cache does. */
export function vtc(title: string, script: (t: Conversation) => Promise<void>): void {
  test(title, () => new Conversation().converse(script))
}
