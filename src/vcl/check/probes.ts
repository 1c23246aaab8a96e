import type { Attribute, AttributeValue } from '../ast.ts'
import type { BackendDeclaration, ProbeDeclaration } from '../runtime/context.ts'
import { boolOf, readAttributes, secondsOf, textOf, wholeOf } from './backends.ts'
import type { Checking } from './checking.ts'

interface Draft {
  url?: string | undefined
  request?: string | undefined
  expected_response?: number | undefined
  timeout_s?: number | undefined
  interval_s?: number | undefined
  window?: number | undefined
  threshold?: number | undefined
  initial?: number | undefined
  expect_close?: boolean | undefined
}
type Reader = (k: Checking, value: AttributeValue, draft: Draft) => void

/** As many as a happy bitmap has bits. */
const WINDOW_MAX = 64
const WINDOW = 8
const THRESHOLD = 3

export const ATTRIBUTES: Readonly<Record<string, Reader>> = {
  url: (k, value, draft) => (draft.url = textOf(k, value)),
  request: (k, value, draft) => (draft.request = requestOf(k, value)),
  expected_response: (k, value, draft) => (draft.expected_response = statusOf(k, value)),
  timeout: (k, value, draft) => (draft.timeout_s = secondsOf(k, value)),
  interval: (k, value, draft) => (draft.interval_s = secondsOf(k, value)),
  window: (k, value, draft) => (draft.window = upToMax(k, value, '.window')),
  threshold: (k, value, draft) => (draft.threshold = upToMax(k, value, '.threshold')),
  initial: (k, value, draft) => (draft.initial = wholeOf(k, value)),
  expect_close: (k, value, draft) => (draft.expect_close = boolOf(k, value)),
}

export const PROBE_ATTRIBUTES = Object.keys(ATTRIBUTES)

/** Each of the strings is a line; an empty one ends the head. */
function requestOf(k: Checking, value: AttributeValue): string | undefined {
  const lines = value.kind === 'strings' ? value.items.map((item) => item.value) : [textOf(k, value)]
  return lines[0] === undefined ? undefined : `${lines.join('\r\n')}\r\n\r\n`
}

function statusOf(k: Checking, value: AttributeValue): number | undefined {
  const status = wholeOf(k, value)
  if (status === undefined || (status >= 100 && status <= 999)) return status
  return k.error(value.at, '.expected_response is a status of three digits')
}

function upToMax(k: Checking, value: AttributeValue, name: string): number | undefined {
  const number = wholeOf(k, value)
  return number === undefined || number <= WINDOW_MAX ? number : k.error(value.at, `${name} is at most ${WINDOW_MAX}`)
}

/** Reads an inline probe, or what is behind a probe's name. */
export function checkProbe(k: Checking, attributes: readonly Attribute[]): ProbeDeclaration {
  const draft: Draft = {}
  readAttributes(k, attributes, ATTRIBUTES, draft)
  const at = (name: string) => attributes.find((attribute) => attribute.name.text === name)
  const request = at('request')
  const window = at('window')
  const threshold = at('threshold')
  if (request && at('url')) k.error(request.at, 'a probe has either .url or .request')
  if (window && !threshold) k.error(window.at, '.window needs .threshold')
  const made = complete(draft)
  if (threshold && made.threshold > made.window) k.error(threshold.at, '.threshold is greater than .window')
  return made
}

/** With the defaults of VCL-probe. 0 is as good as not given, as it is to Varnish. */
function complete(draft: Draft): ProbeDeclaration {
  const threshold = draft.threshold || THRESHOLD
  return {
    url: draft.url || '/',
    request: draft.request,
    expected_response: draft.expected_response ?? 200,
    timeout_s: draft.timeout_s || 2,
    interval_s: draft.interval_s || 5,
    // One that says how many, and not of how many, wants all but one.
    window: draft.window || (draft.threshold ? Math.min(threshold + 1, WINDOW_MAX) : WINDOW),
    threshold,
    initial: Math.min(draft.initial ?? threshold - 1, threshold),
    expect_close: draft.expect_close ?? true,
  }
}

/** `.probe = { … }`, `.probe = name`, `.probe = default` */
export function probeOf(k: Checking, value: AttributeValue): ProbeDeclaration | undefined {
  if (value.kind === 'probe_block') return checkProbe(k, value.attributes)
  if (value.kind !== 'symbol') return k.error(value.at, 'expected a probe', '.probe = { .url = "/"; } or the name of one')
  if (value.text.toLowerCase() === 'default') {
    return k.defaultProbe ?? k.error(value.at, "there is no 'probe default'", 'probes are declared before they are used')
  }
  const probe = k.find(value.text)
  if (probe === undefined && k.mayBeLost(value.text)) return undefined
  if (probe?.kind !== 'probe') return k.error(value.at, `unknown probe '${value.text}'`, 'probes are declared before they are used')
  probe.used = true
  return probe.probe
}

/** `probe default` is that of all backends that have none of their own, wherever it stands. */
export function withDefaultProbe(k: Checking, backend: BackendDeclaration): BackendDeclaration {
  return backend.none || backend.probe !== undefined ? backend : { ...backend, probe: k.defaultProbe }
}
