import type { RequestHead } from '../../http/message.ts'
import type { Answer, OriginStep } from '../language/ast.ts'
import { newAnswer } from '../language/messages.ts'

const OK = newAnswer('200', [])

/** What origins have been told to answer: those for once in their order, then the newest that fits; a backend's own before everybody's. */
export class Answers {
  private readonly once: OriginStep[] = []
  private readonly standing: OriginStep[] = []

  add(step: OriginStep): void {
    if (step.answer.once) this.once.push(step)
    else this.standing.unshift(step)
  }

  take(backend: string, bereq: RequestHead): Answer {
    const fits = (step: OriginStep): boolean => fitsBackend(step, backend) && fitsRequest(step.answer, bereq)
    const at = this.once.findIndex(fits)
    if (at >= 0) return this.once.splice(at, 1)[0].answer
    const own = this.standing.find((step) => step.backend !== undefined && fits(step))
    return (own ?? this.standing.find(fits))?.answer ?? OK
  }
}

function fitsBackend(step: OriginStep, backend: string): boolean {
  return step.backend === undefined || step.backend.text === backend
}

function fitsRequest({ url, method, field }: Answer, bereq: RequestHead): boolean {
  if (url !== undefined && !url.test(bereq.url)) return false
  if (method !== undefined && method !== bereq.method) return false
  if (field === undefined) return true
  const value = bereq.fields.combined(field.key)
  return value !== undefined && (field.value === undefined || field.value === value)
}
