import { expect, test } from 'vitest'
import { FairTurns } from '../../../src/base/fair-turns.ts'
import { BodyPump, type PumpHost } from '../../../src/flow/body-pump.ts'
import type { ClientConnection } from '../../../src/flow/client.ts'
import type { BodyReader } from '../../../src/store/contract.ts'

const EXTENT = Buffer.alloc(256 * 1024)
const SHARE_EXTENTS = 2
/** Shares in a turn of the event loop, for all together. */
const SHARES = 4

/** A client that takes whatever it is given at once, of a body of so many extents. */
class Eager implements PumpHost, BodyReader {
  body_tx_bytes = 0
  body_tx_pieces = 0
  ended: boolean | undefined
  failed = false
  onMore: (() => void) | undefined
  readonly pump: BodyPump
  readonly connection: ClientConnection
  private readonly name: string
  private readonly told: string[]
  private left: number

  constructor(name: string, extents: number, turns: FairTurns, told: string[]) {
    this.name = name
    this.left = extents
    this.told = told
    this.pump = new BodyPump(this, turns)
    this.connection = {
      cork: () => true,
      uncork: () => {},
      write: () => this.told.push(this.name) > 0,
      onDrain: undefined,
    } as unknown as ClientConnection
    this.pump.sendFrom(this, -1)
  }

  next(): Buffer | undefined {
    return this.left-- > 0 ? EXTENT : undefined
  }

  get done(): boolean {
    return this.left <= 0
  }

  streamed(whole: boolean): void {
    this.ended = whole
    this.pump.release()
  }

  slow(): void {}
  release(): void {}
  broke(error: unknown): void {
    throw error
  }
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

test('a client that takes all at once gets a share, and the rest in turns of the event loop', async () => {
  const told: string[] = []
  const client = new Eager('a', (1 + SHARES) * SHARE_EXTENTS + 1, new FairTurns(), told)
  expect(told).toHaveLength(SHARE_EXTENTS)
  await turn()
  expect(told).toHaveLength((1 + SHARES) * SHARE_EXTENTS)
  expect(client.ended).toBeUndefined()
  await turn()
  expect(told).toHaveLength((1 + SHARES) * SHARE_EXTENTS + 1)
  expect(client.ended).toBe(true)
  expect(client.body_tx_bytes).toBe(told.length * EXTENT.length)
})

test('however many there are, a turn holds a few shares, and nobody is passed over', async () => {
  const told: string[] = []
  const turns = new FairTurns()
  const clients = ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => new Eager(name, 3 * SHARE_EXTENTS, turns, told))
  told.length = 0
  const shares = async (): Promise<string> => {
    await turn()
    return told.splice(0).join('')
  }
  expect(await shares()).toBe('aabbccdd')
  expect(await shares()).toBe('eeffaabb')
  expect(await shares()).toBe('ccddeeff')
  await turn()
  await turn()
  expect(clients.map(({ ended }) => ended)).toEqual(clients.map(() => true))
  expect(told).toEqual([])
})

test('one that leaves while it waits gets nothing more, and takes nobody else’s turn', async () => {
  const told: string[] = []
  const turns = new FairTurns()
  const clients = Array.from({ length: SHARES + 1 }, (_, i) => new Eager(String(i), 2 * SHARE_EXTENTS, turns, told))
  told.length = 0
  clients[0].pump.release()
  await turn()
  await turn()
  expect(told).not.toContain('0')
  expect(told.filter((name) => name === String(SHARES))).toHaveLength(SHARE_EXTENTS)
  expect(clients[0].ended).toBeUndefined()
})

test('a pump that has left and sends another body is not taken for the one that waited', async () => {
  const told: string[] = []
  const turns = new FairTurns()
  const client = new Eager('a', 2 * SHARE_EXTENTS, turns, told)
  client.pump.release()
  told.length = 0
  // Holds its first byte, and sends nothing before its head has gone.
  client.pump.hold({ read: () => client, state: 'filling', size_bytes: 0 } as never)
  await turn()
  expect(told).toEqual([])
})
