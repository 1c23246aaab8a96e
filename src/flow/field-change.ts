import type { Fields } from '../http/fields.ts'
import type { HeadChange } from '../policy/coding.ts'
import type { TaskState } from './task-state.ts'

/** Changes of a head that are not the rules', told in the log like theirs. */
export class FieldChange implements HeadChange {
  private readonly task: TaskState
  private readonly fields: Fields

  constructor(task: TaskState, fields: Fields) {
    this.task = task
    this.fields = fields
  }

  set(name: string, value: string): void {
    this.fields.set(name, value)
    this.task.fieldSet(this.fields, name, value)
  }

  unset(key: string): void {
    const { fields, task } = this
    for (let i = fields.indexOf(key, 0); i >= 0; i = fields.indexOf(key, i + 1)) task.fieldUnset(fields, fields.names[i], fields.values[i])
    fields.delete(key)
  }
}
