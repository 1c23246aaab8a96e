import { createHash } from 'node:crypto'
import type { Fields } from '../http/fields.ts'
import type { ClientTask } from './client-task.ts'
import { KeptBody, NOTHING, takeBody } from './kept-body.ts'
import { STEP, type Step } from './step.ts'

/**
 * QUERY (draft-ietf-httpbis-safe-method-w-body): its content is part of the cache key, so it is taken in before the cache is asked,
 * up to `query_body_max`. What is larger is passed.
 */

/** After vcl_recv: on, when the content is there. */
export function takeQuery(task: ClientTask): Step {
  if (task.kept_body !== undefined) return STEP.hash
  const { body } = task.connection
  if (body === undefined) {
    task.kept_body = new KeptBody(NOTHING)
    return STEP.hash
  }
  return takeBody(task, body, task.env.params.query_body_max, STEP.hash)
}

/** After vcl_hash: by its content, too. Only what is whole can be a key. */
export function queryKey(task: ClientTask): Step {
  const { env, kept_body, req } = task
  if (!(kept_body instanceof KeptBody) || kept_body.content.length > env.params.query_body_max) return STEP.pass
  task.base_key = task.key
  task.key += contentKey(req.fields, kept_body.content)
  return STEP.lookup
}

/** What the content adds to the key: itself, and what the origin is told of it. */
export function contentKey(fields: Fields, content: Buffer): string {
  const hash = createHash('sha256')
  for (const name of ['content-type', 'content-encoding', 'content-language']) hash.update(`${fields.combined(name) ?? ''}\n`, 'latin1')
  return `QUERY ${hash.update(content).digest('base64url')}\0`
}
