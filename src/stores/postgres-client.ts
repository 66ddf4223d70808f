import { sha256Hex } from '#hmac'
import { toBytes } from '../core/bytes'
import { misconfigured, type WebhookError } from '../errors'
import type { Run } from './postgres-statements'
import type { Rows } from './sql'
import { asked } from './store'

/** Runs one statement and gives its rows. */
export type RunPostgres = (text: string, values: unknown[]) => Promise<unknown[]>

export function runner(client: object): Run {
  // postgres.js is a function too, with `unsafe` for a text and its parameters.
  const method = ['query', 'unsafe'].find((name) => isObject(client) && name in client)
  if (method === undefined && typeof client !== 'function') throw notAClient()
  const query = method === undefined ? client : (client as Record<string, () => unknown>)[method]?.bind(client)
  return async (text, values) => rowsOf(await asked(() => (query as RunPostgres)(text, values)))
}

/** A statement that the connection does not know, or knows already: a pooler gave us another. Nothing was done. */
const notKept = ['26000', '42P05']
/** The table was altered: this connection cannot use its plan any more. Nothing was done. */
const planOutdated = '0A000'

/** As `runner`, and the server plans each statement once per connection, where client and pooler let it. */
export function preparing(client: object, wanted: boolean | undefined): Run {
  const plain = runner(client)
  const prepared = wanted === false ? undefined : preparedRunner(client, wanted === true)
  if (wanted === true && prepared === undefined)
    throw misconfigured('postgresStore(client, { prepare: true })', 'needs a Pool of pg or the sql of postgres.js.')
  let kept = prepared !== undefined
  return async (text, values) => {
    if (prepared === undefined || !kept) return plain(text, values)
    try {
      return await prepared(text, values)
    } catch (error) {
      const code = String((error as { code?: unknown }).code)
      if (code !== planOutdated && !notKept.includes(code)) throw error
      if (code !== planOutdated) kept = false
      return plain(text, values)
    }
  }
}

function preparedRunner(client: object, wanted: boolean): Run | undefined {
  // What has a `query` and is no Pool may not know what a Pool takes there.
  if ('query' in client && (wanted || 'totalCount' in client)) {
    const { query } = client as { query(config: { name: string; text: string; values: unknown[] }): Promise<unknown[]> }
    const names = new Map<string, string>()
    return runner((text: string, values: unknown[]) => {
      const name = names.get(text) ?? `payproof_${sha256Hex(toBytes(text)).slice(0, 16)}`
      names.set(text, name)
      return query.call(client, { name, text, values })
    })
  }
  if ('unsafe' in client) {
    const { unsafe } = client as { unsafe(text: string, values: unknown[], options: object): Promise<unknown[]> }
    return runner((text: string, values: unknown[]) => unsafe.call(client, text, values, { prepare: true }))
  }
  return undefined
}

function notAClient(): WebhookError {
  return misconfigured(
    'postgresStore(client)',
    'must be a Pool of pg, the sql of postgres.js, or a function (text, values) => rows.',
  )
}
const rowsOf = (result: unknown): Rows =>
  (Array.isArray(result) ? result : (result as { rows: unknown[] }).rows) as Rows
const isObject = (client: unknown): client is object =>
  (typeof client === 'object' || typeof client === 'function') && client !== null
