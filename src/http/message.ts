import { Fields } from './fields.ts'
import type { KnownBlock } from './known-blocks.ts'

/** Head of a request: req and bereq. `url` is the origin-form target ("/path?query"), or "*". */
export class RequestHead {
  method = ''
  url = ''
  proto = 'HTTP/1.1'
  readonly fields = new Fields()
  /** What it was parsed from, whatever has become of it since, if that had come before. */
  known: KnownBlock | undefined = undefined

  copyFrom(other: RequestHead): void {
    this.method = other.method
    this.url = other.url
    this.proto = other.proto
    this.fields.copyFrom(other.fields)
  }
}

/** Head of a response: beresp and resp. `status` may exceed 999 inside VCL; the wire sees status % 1000. */
export class ResponseHead {
  proto = 'HTTP/1.1'
  status = 0
  reason = ''
  readonly fields = new Fields()

  copyFrom(other: ResponseHead): void {
    this.proto = other.proto
    this.status = other.status
    this.reason = other.reason
    this.fields.copyFrom(other.fields)
  }
}
