import type { TestCache } from '../kit/cache.ts'
import type { Client } from '../kit/client.ts'
import type { Conversation } from '../kit/conversation.ts'

/** So many clients that have asked for the same, each known to wait before the next asks: the first fetches. */
export async function crowd(t: Conversation, v1: TestCache, count: number, lines: (i: number) => string[] = () => []): Promise<Client[]> {
  const clients: Client[] = []
  for (let i = 0; i < count; i++) {
    const client = await t.connect(`c${i + 1}`, v1)
    client.get('/', ...lines(i))
    await t.until(`c${i + 1} ${i === 0 ? 'fetches' : 'waits'}`, () => v1.counters().cache_miss === 1 && v1.counters().busy_sleep === i)
    clients.push(client)
  }
  return clients
}
