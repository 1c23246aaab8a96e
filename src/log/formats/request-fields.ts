import type { Collector } from './collector.ts'
import type { Field, Missing } from './field.ts'
import { anyOf, behind, exactlyBehind, field, fromStart, line, path, query, user } from './takes.ts'

/** What the letters of a format stand for, but for times. Each says from which records it comes. */

type Kind = Field['kind']

export class RequestFields {
  private readonly from: Collector
  private readonly missing: Missing

  constructor(from: Collector, missing: Missing) {
    this.from = from
    this.missing = missing
  }

  /** Undefined: there is no such letter. */
  letter(letter: string): Field | undefined {
    const { text, integer } = this.missing
    switch (letter) {
      case 'b':
        return this.slot('body_bytes', 'number', accountSlot(this.from, 5), integer)
      case 'H':
        return this.slot('protocol', 'text', this.protocol(), 'HTTP/1.0')
      case 'h':
        return this.peer(text)
      case 'I':
        return this.slot('received_bytes', 'number', accountSlot(this.from, 3, 3), integer)
      case 'l':
        return { name: 'logname', kind: 'text', read: () => undefined, missing: '-' }
      case 'm':
        return this.slot('method', 'text', this.method(), text)
      case 'O':
        return this.slot('sent_bytes', 'number', accountSlot(this.from, 6, 4), integer)
      case 'q':
        return this.slot('query', 'text', this.query(), '')
      case 'r':
        return this.requestLine()
      case 's':
        return this.slot('status', 'number', this.status(), integer)
      case 'U':
        return this.slot('path', 'text', this.path(), text)
      case 'u':
        return this.user()
      default:
        return undefined
    }
  }

  requestHeader(name: string): Field {
    const take = behind(`${name}:`)
    const at = this.from.watch(`request header ${name.toLowerCase()}`, 'last', { ReqHeader: take, BereqHeader: take })
    return this.slot(name, 'text', at, this.missing.text)
  }

  responseHeader(name: string): Field {
    const take = behind(`${name}:`)
    const at = this.from.watch(`response header ${name.toLowerCase()}`, 'last', { RespHeader: take, BerespHeader: take })
    return this.slot(name, 'text', at, this.missing.text)
  }

  /** What rules have said with std.log("key:value"). */
  ruleLog(key: string): Field {
    return this.slot(key, 'text', this.from.watch(`log ${key}`, 'first', { VCL_Log: exactlyBehind(`${key}:`) }), '')
  }

  firstByte(): Field {
    const take = anyOf(...['Process:', 'Pipe:', 'Beresp:'].map((event) => behind(event, field(2))))
    return this.slot('first_byte_s', 'number', this.from.watch('first byte', 'first', { Timestamp: take }), this.missing.integer)
  }

  /** `hit` or `miss`, for whoever wants no more than that. */
  hitmiss(): Field {
    const handled = this.handling()
    return {
      name: 'hitmiss',
      kind: 'text',
      read: (from) => {
        const handling = handled.read(from)
        return handling === undefined || handling === 'hit' || handling === '-' ? handling : 'miss'
      },
      missing: '-',
    }
  }

  handling(): Field {
    const take = (words: Readonly<Record<string, string>>) => (text: string) => words[text.toLowerCase()]
    const at = this.from.watch('handling', 'last', { VCL_call: take(CALLS), VCL_return: take(RETURNS) })
    return this.slot('handling', 'text', at, '-')
  }

  side(): Field {
    return { name: 'side', kind: 'text', read: ({ side }) => side, missing: '-' }
  }

  vxid(): Field {
    return { name: 'vxid', kind: 'number', read: ({ vxid }) => String(vxid), missing: '-' }
  }

  private slot(name: string, kind: Kind, at: number, missing: string): Field {
    return { name, kind, read: ({ values }) => values[at], missing }
  }

  private method(): number {
    return this.from.watch('method', 'first', { ReqMethod: line, BereqMethod: line })
  }

  private protocol(): number {
    return this.from.watch('protocol', 'first', { ReqProtocol: line, BereqProtocol: line })
  }

  private path(): number {
    return this.from.watch('path', 'first', { ReqURL: path, BereqURL: path })
  }

  private query(): number {
    return this.from.watch('query', 'first', { ReqURL: query, BereqURL: query })
  }

  private status(): number {
    return this.from.watch('status', 'last', { RespStatus: line, BerespStatus: line })
  }

  /** The client, or the backend that was reached in the end. */
  private peer(missing: string): Field {
    const client = this.from.watch('client', 'first', { ReqStart: field(1) })
    const backend = this.from.watch('backend', 'last', { BackendOpen: field(3) })
    return { name: 'client', kind: 'text', read: ({ values }) => values[backend] ?? values[client], missing }
  }

  private user(): Field {
    const take = behind('Authorization:', (text) => behind('basic ')(fromStart(text)))
    const at = this.from.watch('credentials', 'first', { ReqHeader: take, BereqHeader: take })
    return {
      name: 'user',
      kind: 'text',
      read: ({ values }) => {
        const credentials = values[at]
        return credentials === undefined ? undefined : user(credentials)
      },
      missing: '-',
    }
  }

  /** Not as it was received: put together, as varnishncsa does. */
  private requestLine(): Field {
    const [method, path_at, query_at, protocol] = [this.method(), this.path(), this.query(), this.protocol()]
    const host = behind('Host:')
    const host_at = this.from.watch('host', 'first', { ReqHeader: host, BereqHeader: host })
    const read = ({ values }: Collector): string =>
      `${values[method] ?? '-'} ${origin(values[host_at])}${values[path_at] ?? ''}${values[query_at] ?? ''} ${values[protocol] ?? 'HTTP/1.0'}`
    return { name: 'request', kind: 'text', read, missing: '-' }
  }
}

function origin(host: string | undefined): string {
  if (host === undefined) return 'http://localhost'
  return host.startsWith('http://') ? host : `http://${host}`
}

/** Of ReqAcct or BereqAcct, or of PipeAcct where that has it. */
function accountSlot(from: Collector, number: number, of_pipe?: number): number {
  const take = field(number)
  const takes = { ReqAcct: take, BereqAcct: take, ...(of_pipe === undefined ? {} : { PipeAcct: field(of_pipe) }) }
  return from.watch(`account ${number}`, 'first', takes)
}

/** What the last sub that was called, or what it returned, says of how a request was handled; after a rollback it begins anew. */
const CALLS: Readonly<Record<string, string>> = Object.freeze({
  __proto__: null as never,
  recv: '-',
  hit: 'hit',
  miss: 'miss',
  pass: 'pass',
  synth: 'synth',
})
const RETURNS: Readonly<Record<string, string>> = Object.freeze({ __proto__: null as never, pipe: 'pipe' })
