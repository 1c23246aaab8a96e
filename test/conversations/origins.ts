import type { Conversation } from '../kit/conversation.ts'
import type { TestOrigin } from '../kit/origin.ts'

/** Answers every request with its number, so that a client sees whose answer it got. */
export function numbered(t: Conversation, ...lines: string[]): Promise<TestOrigin> {
  return t.origin('s1', (s) => {
    let number = 0
    return s.forever(async () => {
      await s.rx()
      s.answer(String(++number), ...lines)
    })
  })
}

/** Answers with the host and the target it was asked for. */
export function named(t: Conversation): Promise<TestOrigin> {
  return t.origin('s1', (s) =>
    s.forever(async () => {
      const { request } = await s.rx()
      s.answer(`${request.field('host')} ${request.start.split(' ')[1]}`, 'Cache-Control: max-age=100')
    }),
  )
}
