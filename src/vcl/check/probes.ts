import type { Attribute, AttributeValue } from '../ast.ts'
import { boolOf, readAttributes, secondsOf, textOf, wholeOf } from './backends.ts'
import type { Checking } from './checking.ts'

type Reader = (k: Checking, value: AttributeValue) => void

/** Attributes of a probe: checked already, although no probe runs yet. */
const ATTRIBUTES: Readonly<Record<string, Reader>> = {
  url: textOf,
  request: (k, value) => (value.kind === 'strings' ? undefined : textOf(k, value)),
  expected_response: wholeOf,
  timeout: secondsOf,
  interval: secondsOf,
  window: (k, value) => {
    const window = wholeOf(k, value)
    if (window !== undefined && (window < 1 || window > 64)) k.error(value.at, '.window is 1 to 64')
  },
  threshold: wholeOf,
  initial: wholeOf,
  expect_close: boolOf,
}

export function checkProbe(k: Checking, attributes: readonly Attribute[]): void {
  readAttributes(k, attributes, ATTRIBUTES, undefined)
  const at = (name: string) => attributes.find((attribute) => attribute.name.text === name)
  const request = at('request')
  const window = at('window')
  if (request && at('url')) k.error(request.at, 'a probe has either .url or .request')
  if (window && !at('threshold')) k.error(window.at, '.window needs .threshold')
}
