import type { Compiled } from '../../../src/vcl/load.ts'
import type { Program } from './generate.ts'

interface Difference {
  readonly why: string
  /** Whether varnishd 7.1 accepts it. */
  readonly accepted: boolean
  /** What the program has in it. */
  readonly body: RegExp
  /** What we say. */
  readonly said?: RegExp
}

/** Where we differ from the compiler of 7.1 on purpose. */
export const DIFFERENCES: readonly Difference[] = [
  { why: 'std.now() came with 7.2', accepted: false, body: /std\.now\(\)/ },
  {
    why: 'these can be unset from 8.0 on',
    accepted: false,
    body: /unset (?:req\.(?:ttl|grace)|bereq\.\w+_timeout|sess\.\w+)/,
  },
  { why: 'modules are part of the program: import … from "…" is a warning', accepted: false, body: /import std from/ },
  {
    why: 'return (fetch) in vcl_hit is of 4.0, return (miss) of 6.0: a warning',
    accepted: false,
    body: /sub vcl_hit \{ return \((?:fetch|miss)\)/,
    said: /old form/,
  },
  { why: 'a number of bytes may be used where no BYTES are expected', accepted: false, body: /[0-9]\s*[KMGT]?B\b|[0-9][KMGT]\b/ },
  { why: 'a condition may begin with a minus', accepted: false, body: /\(!?-/ },
  { why: 'a body is joined like any text, whatever it begins with', accepted: false, body: /resp\.body \+?= / },
  { why: 'default may be asked and compared like any backend', accepted: false, body: /\bdefault\b/ },
  { why: 'req.hash is there in vcl_synth and vcl_pipe, too, from 8.0 on', accepted: false, body: /sub vcl_(?:synth|pipe) .*req\.hash/ },
  {
    why: 'there are no stores to ask yet when rules are loaded',
    accepted: true,
    body: /sub vcl_(?:init|fini) .*storage\./,
    said: /cannot be read/,
  },
  {
    why: 'newer releases say at load what 7.1 finds at run time: these functions have their subs',
    accepted: true,
    body: /purge\.|directors\.lookup|std\.(?:cache_req_body|late_100_continue)/,
    said: /cannot be called/,
  },
]

/** Why they differ, or undefined when they should not. */
export function different({ body }: Program, accepted: boolean, ours: Compiled): string | undefined {
  return DIFFERENCES.find((one) => one.accepted === accepted && one.body.test(body) && (one.said?.test(ours.text) ?? true))?.why
}
