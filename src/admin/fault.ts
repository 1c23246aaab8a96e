/** Status codes of the admin protocol, as varnishd's CLI has them. */
export const STATUS = {
  syntax: 100,
  unknown: 101,
  unimplemented: 102,
  too_few: 104,
  too_many: 105,
  param: 106,
  auth: 107,
  ok: 200,
  truncated: 201,
  cant: 300,
  comms: 400,
  close: 500,
} as const
export type Status = (typeof STATUS)[keyof typeof STATUS]

/** A command that is not carried out: its status, and what to say. */
export class Fault extends Error {
  readonly status: Status

  constructor(status: Status, message: string) {
    super(message)
    this.status = status
  }
}
