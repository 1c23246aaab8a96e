import type { VclBackend } from './context.ts'

/** What rules ask of directors; origin/directors has them. What cannot be done throws VclFailure. */
export interface DirectorFactory {
  roundRobin(name: string): ListDirector
  fallback(name: string, sticky: boolean): ListDirector
  random(name: string): WeightedDirector
  hash(name: string): HashDirector
}

/** A director is a backend to whoever uses it. */
export interface ListDirector extends VclBackend {
  add(backend: VclBackend | undefined): void
  remove(backend: VclBackend | undefined): void
}

export interface WeightedDirector extends VclBackend {
  add(backend: VclBackend | undefined, weight: number): void
  remove(backend: VclBackend | undefined): void
}

export interface HashDirector extends WeightedDirector {
  /** The backend for a text, chosen at once. */
  chooseBy(text: string): VclBackend | undefined
}
