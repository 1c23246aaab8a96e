import { emptyResponse, type ResponseDirectives } from './directives.ts'
import { DirectiveScanner, deltaSeconds_ms } from './scan.ts'

/**
 * Surrogate-Control, Edge Architecture Specification 1.0 section 2.2: `max-age=30+60, content="ESI/1.0", no-store;name`. What is
 * said to a surrogate by name (";name") is for that one alone, and we have no name there.
 */

const scanner = new DirectiveScanner()

/** Undefined when it does not say how long, or that not: `content` alone leaves that to Cache-Control. */
export function surrogateDirectives(text: string): Readonly<ResponseDirectives> | undefined {
  const said = emptyResponse()
  said.targeted = true
  let decides = false
  scanner.start(text)
  while (scanner.next()) if (apply(said)) decides = true
  return decides ? said : undefined
}

/** Does the directive at hand decide something? no-store-remote is for surrogates that are not beside their origin. */
function apply(said: ResponseDirectives): boolean {
  if (scanner.name === 'no-store') return (said.no_store = true)
  return scanner.name === 'max-age' && maxAge(said, scanner.argument ?? '')
}

/** "30+60": fresh for 30 s, and for another 60 s it may be served while it is validated. The first that can be read counts. */
function maxAge(said: ResponseDirectives, argument: string): boolean {
  const plus = argument.indexOf('+')
  const fresh_ms = deltaSeconds_ms(plus < 0 ? argument : argument.slice(0, plus))
  if (!scanner.valid || fresh_ms < 0 || said.max_age_ms >= 0) return false
  said.max_age_ms = fresh_ms
  if (plus >= 0) said.stale_while_revalidate_ms = deltaSeconds_ms(argument.slice(plus + 1))
  return true
}
