import type { Doorbells } from './doorbell.ts'
import { HealthCell, HealthTable, idOf, type HeldCode } from './health.ts'

/**
 * The health of a backend that rules have made while they run: the manager gives it a cell of the table some time after it was asked for one, and
 * takes it away when no worker uses the backend any more, or has none to give. Without one it is as it began, and this worker's own.
 */
export class HealthSeat {
  private readonly table: HealthTable
  private readonly worker: number
  private readonly bells: Doorbells | undefined
  private readonly id: number
  private readonly own: HealthCell
  private readonly begins_healthy: boolean
  private i = -1
  private shared: HealthCell | undefined
  /** Connections open here. */
  private running = 0

  constructor(table: HealthTable, name: string, worker: number, bells: Doorbells | undefined, begins_healthy: boolean) {
    this.table = table
    this.worker = worker
    this.bells = bells
    this.id = idOf(name)
    this.own = HealthTable.create([name], 1, 0, 0).cell(name, 0)!
    this.begins_healthy = begins_healthy
  }

  get healthy(): boolean {
    const { cell } = this
    return cell === this.own ? this.begins_healthy : cell.healthy
  }

  get changed_s(): number {
    return this.cell.changed_s
  }

  get open(): number {
    return this.cell.open
  }

  opened(): void {
    this.cell.opened()
    this.running++
  }

  closed(): void {
    this.cell.closed()
    this.running--
  }

  awaited(yes: boolean): void {
    this.cell.awaited(yes)
  }

  holdDown(code: HeldCode, until_ms: number): void {
    this.cell.holdDown(code, until_ms)
  }

  heldDown(now_ms: number): HeldCode | undefined {
    return this.cell.heldDown(now_ms)
  }

  private get cell(): HealthCell {
    const { table, shared, i, id } = this
    if (shared !== undefined && table.isSeatOf(i, id)) return shared
    const found = table.seatOf(id)
    if (found < 0 && shared === undefined) return this.own
    this.i = found
    this.shared = found < 0 ? undefined : new HealthCell(table, found, this.worker, this.bells)
    // What is open goes along. Of the cell that is left nobody wants to know.
    const now = this.shared ?? this.own
    for (let n = now.openHere; n < this.running; n++) now.opened()
    return now
  }
}
