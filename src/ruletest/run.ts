import { messageOf } from '../base/errors.ts'
import { nearest } from '../base/nearest.ts'
import type { ParameterValues } from '../config/parameters.ts'
import { STALE_NOW, type SoftTimes } from '../flow/purges.ts'
import type { Place } from '../vcl/ast.ts'
import type { VclImage } from '../vcl/instantiate.ts'
import { Asked, Driver } from './engine/driver.ts'
import { Engine } from './engine/engine.ts'
import type { TraceLine } from './engine/trace.ts'
import type { Named, PolicyName, RequestStep, Step } from './language/ast.ts'
import { judge } from './verdict.ts'

/** What was not as expected, or could not be done. */
export interface Failure {
  readonly at: Place
  /** `expected hit, got miss`. */
  readonly message: string
  readonly expected: string | undefined
  readonly got: string | undefined
}

/** What rules did for a request. */
export interface RequestTrace {
  readonly at: Place
  readonly request: string
  readonly lines: readonly TraceLine[]
  readonly logged: readonly string[]
  readonly errors: readonly string[]
}

export interface Outcome {
  readonly name: string
  readonly policy: PolicyName
  readonly at: Place
  readonly failures: readonly Failure[]
  /** Of the request that disappointed; with `all`, of every one. */
  readonly traces: readonly RequestTrace[]
  readonly took_ms: number
  /** Points of statements that ran. */
  readonly ran: ReadonlySet<number>
}

/** A test with everything that it needs. */
export interface Ready {
  readonly name: string
  readonly at: Place
  readonly policy: PolicyName
  readonly steps: readonly Step[]
  readonly image: VclImage
  /** By name. */
  readonly labels: ReadonlyMap<string, VclImage>
  readonly params: ParameterValues
}

/** Runs a test from its own beginning: nothing of another one is left. `all`: traces of what went well, too. */
export async function runTest(ready: Ready, all: boolean): Promise<Outcome> {
  const begun_ms = performance.now()
  const run = new Run(all)
  await run.all(ready)
  const { name, policy, at } = ready
  return { name, policy, at, failures: run.failures, traces: run.traces, took_ms: performance.now() - begun_ms, ran: run.ran }
}

class Run {
  readonly failures: Failure[] = []
  readonly traces: RequestTrace[] = []
  ran: ReadonlySet<number> = new Set()
  private readonly withAll: boolean
  private readonly asked: Asked[] = []
  private readonly begun = new Map<string, Asked>()
  /** What is expected is about it. */
  private current: Asked | undefined

  constructor(withAll: boolean) {
    this.withAll = withAll
  }

  async all({ steps, image, labels, params, at }: Ready): Promise<void> {
    let engine
    try {
      engine = new Engine(image, params, requestsOf(steps), labels)
    } catch (error) {
      this.fail(at, messageOf(error))
      return
    }
    this.ran = engine.recorder.ran
    const driver = new Driver(engine)
    for (const step of steps) {
      // Of one request all that is wrong is told; what comes after it would only follow from it.
      if (this.failures.length > 0 && step.kind !== 'expect') break
      await this.step(step, engine, driver)
    }
    this.tell(driver)
    engine.close()
  }

  private async step(step: Step, engine: Engine, driver: Driver): Promise<void> {
    try {
      await this.take(step, engine, driver)
      const [mistake] = engine.mistakes
      if (mistake !== undefined) this.fail(step.at, `Lacquer has made a mistake, not the rules: ${mistake}`)
    } catch (error) {
      this.fail(step.at, messageOf(error))
    }
  }

  private async take(step: Step, engine: Engine, driver: Driver): Promise<void> {
    switch (step.kind) {
      case 'request':
        return this.request(step, driver)
      case 'finish':
        this.current = this.begun.get(step.client)
        if (this.current !== undefined) await driver.answer(this.current)
        return
      case 'origin':
        if (step.backend === undefined || this.known(step.backend, engine)) engine.origin.answers.add(step)
        return
      case 'wait':
        return driver.wait(step.seconds)
      case 'health':
        if (this.known(step.backend, engine)) setHealth(engine, step.backend.text, step.healthy)
        return
      case 'ban':
        return driver.order({ ban: step.expression })
      case 'purge':
        return driver.order({ url: { target: step.url, host: step.host, headers: [] }, ...softly(step.soft) })
      case 'purge-tags':
        return driver.order({ tags: step.tags, ...softly(step.soft) })
      case 'expect': {
        const wrong = this.current === undefined ? undefined : judge(step, driver.observe(this.current))
        if (wrong !== undefined) this.fail(step.at, `expected ${wrong.expected}, got ${wrong.got}`, wrong.expected, wrong.got)
      }
    }
  }

  private async request(step: RequestStep, driver: Driver): Promise<void> {
    for (let i = 0; i < step.times; i++) {
      const asked = await driver.ask(step)
      this.asked.push(asked)
      this.current = asked
      if (step.client === undefined) await driver.answer(asked)
      else this.begun.set(step.client, asked)
    }
  }

  private known({ at, text }: Named, engine: Engine): boolean {
    if (engine.origin.backend(text) !== undefined) return true
    const { names } = engine.origin
    const meant = nearest(text, names)
    const hint = meant === undefined ? `they have ${names.join(', ')}` : `did you mean ${meant}?`
    this.fail(at, `the rules declare no backend '${text}'; ${hint}`)
    return false
  }

  private fail(at: Place, message: string, expected?: string, got?: string): void {
    this.failures.push({ at, message, expected, got })
  }

  private tell(driver: Driver): void {
    const told = this.withAll ? this.asked : this.failures.length > 0 && this.current !== undefined ? [this.current] : []
    for (const asked of told) {
      const { log, errors } = driver.observe(asked)
      const { at, method, url } = asked.step
      const lines = driver.trace(asked).filter(({ dull }) => this.withAll || !dull)
      this.traces.push({ at, request: `${method} ${url}`, lines, logged: log, errors })
    }
  }
}

function requestsOf(steps: readonly Step[]): number {
  return steps.reduce((sum, step) => sum + (step.kind === 'request' ? step.times : 0), 0)
}

function softly(soft: boolean): { soft?: SoftTimes } {
  return soft ? { soft: STALE_NOW } : {}
}

function setHealth(engine: Engine, name: string, healthy: boolean): void {
  for (const backend of engine.origin.named(name)) {
    if (backend.healthy === healthy) continue
    backend.healthy = healthy
    backend.health_changed_s = engine.env.clock.wall_ms / 1000
  }
}
