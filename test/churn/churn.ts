import { fork, type ChildProcess, type ForkOptions } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { asLaunched } from '../kit/launched.ts'
import { Churner, type Scene, type Tally } from './churner.ts'
import type { ServerNews, ServerOrder, SteadyNews } from './messages.ts'
import { objectsWorth } from './objects.ts'
import { Origin } from './origin.ts'
import { giveWay } from './yielding.ts'

export interface ChurnOptions {
  readonly seconds: number
  readonly workers: number
  readonly store_mib: number
  /** The store lies in a file. */
  readonly file?: boolean
  /** A spare worker is kept, as by default. */
  readonly spare: boolean
  readonly clients: number
  /** The process that begins it, in which clients and origin are, gives way to the server. */
  readonly give_way?: boolean
  readonly death_every_s: number
  /** How long a client pauses between requests, on average. */
  readonly think_ms: number
  readonly say: (line: string) => void
}

export interface ChurnReport {
  readonly tally: Tally
  readonly objects: number
  readonly origin_requests: number
  readonly deaths: number
  /** Workers that served again after their death. */
  readonly replaced: number
  readonly counts: Record<string, number>
  /** What the operations log says besides deaths. */
  readonly complaints: readonly string[]
  /** Of the server's process: each half second. */
  readonly rss_mib: readonly number[]
  readonly steady: SteadyNews
}

/** The working set is so many times larger than the store. */
const TIMES_LARGER = 20
/** A worker that has not been replaced by then will not be. */
const SUCCESSION_S = 20
/** So long after a worker's end its clients know of it, however busy this process is. */
const BURIAL_MS = 1000
/** The control's own object: small, and asked for 100 times a second, so that it stays. */
const STEADY_TARGET = '/0'

class Churn {
  private readonly options: ChurnOptions
  private readonly origin: Origin
  private readonly scene: Scene
  private readonly rss_mib: number[] = []
  private replaced = 0
  private server: ChildProcess
  private counts: Record<string, number> = {}
  private complaints: string[] = []

  constructor(options: ChurnOptions, origin: Origin, objects: number, server: ChildProcess, port: number) {
    this.options = options
    this.origin = origin
    this.server = server
    const broken = { origin: 0, death: 0 }
    const tally: Tally = { requests: 0, whole: 0, bytes: 0, ranges: 0, purges: 0, broken, errors: 0, resent: 0, wrong: [] }
    this.scene = {
      port,
      objects,
      origin,
      tally,
      floors: Array.from({ length: objects }, () => 0),
      deaths: 0,
      buried: 0,
      over: false,
      think_ms: options.think_ms,
    }
    server.on('message', (news: ServerNews) => this.heard(news))
  }

  async run(steady: ChildProcess): Promise<ChurnReport> {
    const { clients, seconds, say } = this.options
    const { scene } = this
    const begun_ms = performance.now()
    const elapsed_s = (): number => (performance.now() - begun_ms) / 1000
    // One in six is slow.
    const running = Array.from({ length: clients }, (_, i) => new Churner(scene, i + 1, i % 6 === 0).run())
    let said = 0
    for (let second = 1; second <= seconds; second++) {
      await pause(Math.max(0, second - elapsed_s()) * 1000)
      // One at a time: the others are to be seen to go on.
      if (second % this.options.death_every_s === 0 && this.replaced === scene.deaths) this.kill()
      for (; said < scene.tally.wrong.length; said++) say(`${second} s: ${scene.tally.wrong[said]}`)
      if (second % 30 === 0) say(this.progress(second))
    }
    for (let i = 0; i < SUCCESSION_S && this.replaced < scene.deaths; i++) await pause(1000)
    scene.over = true
    const steadied = message<SteadyNews>(steady)
    steady.send('over')
    const measured = await steadied
    this.order({ kind: 'stop' })
    await exited(this.server)
    await Promise.race([Promise.all(running), pause(5000)])
    const { tally, objects, deaths } = scene
    const { counts, complaints, rss_mib, replaced, origin } = this
    return { tally, objects, origin_requests: origin.requests, deaths, replaced, counts, complaints, rss_mib, steady: measured }
  }

  private kill(): void {
    this.order({ kind: 'kill', slot: this.scene.deaths % this.options.workers })
    // Before it happens: what breaks from now on may be its fault.
    this.scene.deaths++
  }

  private order(order: ServerOrder): void {
    this.server.send(order)
  }

  private heard(news: ServerNews): void {
    if (news.kind === 'killed') setTimeout(() => this.scene.buried++, BURIAL_MS)
    if (news.kind === 'sample') this.rss_mib.push(news.rss_mib)
    if (news.kind === 'serves_again') this.replaced = news.lines
    if (news.kind === 'counts') {
      this.counts = news.counts
      this.complaints = news.complaints
    }
  }

  private progress(second: number): string {
    const { tally, deaths } = this.scene
    const mib = (tally.bytes / 2 ** 20).toFixed(0)
    const rss = this.rss_mib.at(-1)?.toFixed(0)
    return `${second} s: ${tally.whole} whole, ${mib} MiB, ${tally.purges} purges, ${deaths} deaths, ${tally.wrong.length} wrong, RSS ${rss} MiB`
  }
}

/** Starts the processes, churns, and ends them. */
export async function churn(options: ChurnOptions): Promise<ChurnReport> {
  const objects = objectsWorth(options.store_mib * 2 ** 20 * TIMES_LARGER)
  const origin = new Origin(objects)
  const children: ChildProcess[] = []
  const child = (file: string, args: readonly string[] = [], how: ForkOptions = {}): ChildProcess => {
    const one = fork(fileURLToPath(new URL(file, import.meta.url)), args, how)
    children.push(one)
    return one
  }
  try {
    const control = child('control.ts')
    const control_port = (await message<{ port: number }>(control)).port
    const backend_port = await origin.listen()
    const kind = options.file === true ? 'file' : 'memory'
    const server = child(
      'server.ts',
      [String(backend_port), String(options.workers), `${options.store_mib}M`, kind, options.spare ? 'spare' : 'none'],
      asLaunched(),
    )
    const { port } = await message<{ port: number }>(server)
    const churned = new Churn(options, origin, objects, server, port)
    const steady = child('steady.ts', [String(port), String(control_port), STEADY_TARGET])
    if (options.give_way === true) giveWay()
    return await churned.run(steady)
  } finally {
    for (const one of children) one.kill()
    origin.close()
  }
}

/** The next message of a child; an error when it ends first. */
function message<T>(child: ChildProcess): Promise<T> {
  return new Promise((resolve, reject) => {
    child.once('message', (news) => resolve(news as T))
    child.once('exit', (code) => reject(new Error(`${child.spawnfile} ${child.spawnargs.at(-1)} ended with ${code}`)))
  })
}

function exited(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => (child.exitCode === null ? child.once('exit', () => resolve()) : resolve()))
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
