import { endOf, type Rows, type SqlStatements, type SqlSteps, type SqlStore, toLetter } from './sql'
import { abandonedSeconds, type IdempotencyStore } from './store'

/** Runs one statement and gives its rows. */
export type Run = (text: string, values: unknown[]) => Promise<Rows>

// clock_timestamp(): now() stands still while a statement waits for a lock.
const later = (parameter: string) => `clock_timestamp() + ${parameter}::float8 * interval '1 second'`
const left = `CASE state WHEN 'busy' THEN lease_until ELSE expires_at END - clock_timestamp()`
const open = `(state = 'free' OR (state = 'busy' AND lease_until <= clock_timestamp()) OR (state = 'done' AND expires_at <= clock_timestamp()))`
// Only who has the key has a token in it.
const owned = `key = $1 AND token = $2`
const idle = `letter IS NOT NULL AND (state <> 'busy' OR lease_until <= clock_timestamp())`

/** A PostgreSQL store, statement by statement. Where nothing is prepared, planning them is most of their cost. */
export function statements(table: string, query: Run): SqlStatements {
  const changed = async (text: string, values: unknown[]) => (await query(`${text} RETURNING 1`, values)).length === 1
  const steps: SqlSteps = {
    // One round trip for both. A row that was written since the statement began is not seen, and looked for again.
    insertOrLook: (key, token, lease, letter) =>
      query(
        `WITH inserted AS (
           INSERT INTO ${table} (key, state, token, lease_until, expires_at, letter)
           VALUES ($1, 'busy', $2, ${later('$3')}, ${later('$4')}, $5)
           ON CONFLICT (key) DO NOTHING RETURNING attempt)
         SELECT attempt, NULL AS state, NULL AS left FROM inserted
         UNION ALL
         SELECT NULL, state, extract(epoch FROM ${left}) FROM ${table} WHERE key = $1`,
        [key, token, lease, abandonedSeconds, letter],
      ),
    takeOver: (key, token, lease, letter) =>
      query(
        `UPDATE ${table} SET state = 'busy', token = $2, attempt = attempt + 1, lease_until = ${later('$3')},
           expires_at = ${later('$4')}, letter = coalesce($5, letter)
         WHERE key = $1 AND ${open} RETURNING attempt`,
        [key, token, lease, abandonedSeconds, letter],
      ),
  }
  const owner: Pick<IdempotencyStore, 'renew' | 'complete' | 'release'> = {
    renew: (key, token, leaseSeconds) =>
      changed(`UPDATE ${table} SET lease_until = ${later('$3')} WHERE ${owned}`, [key, token, leaseSeconds]),
    complete: (key, token, retentionSeconds) =>
      changed(
        `UPDATE ${table} SET state = 'done', token = NULL, letter = NULL, expires_at = ${later('$3')} WHERE ${owned}`,
        [key, token, retentionSeconds],
      ),
    release: (key, token, letter) =>
      changed(`UPDATE ${table} SET state = 'free', token = NULL, letter = coalesce($3, letter) WHERE ${owned}`, [
        key,
        token,
        letter ?? null,
      ]),
  }
  const letters: SqlStore['letters'] = {
    async get(key) {
      const [row] = await query(`SELECT key, letter, attempt FROM ${table} WHERE key = $1 AND letter IS NOT NULL`, [
        key,
      ])
      return row === undefined ? undefined : toLetter(row)
    },
    async list(prefix, after, limit) {
      const rows = await query(
        `SELECT key, letter, attempt FROM ${table} WHERE ${idle} AND key >= $1 AND key < $2 AND key > $3 ORDER BY key LIMIT $4`,
        [prefix, endOf(prefix), after, limit],
      )
      return rows.map(toLetter)
    },
    discard: (key) => changed(`UPDATE ${table} SET letter = NULL WHERE key = $1 AND ${idle}`, [key]),
  }
  const prune = async (batch = 1000) => {
    // now(), for no index is asked about a clock that moves; an array, for a join would read the table from end to end.
    const rows = await query(
      `DELETE FROM ${table} WHERE key = ANY (ARRAY(SELECT key FROM ${table}
         WHERE expires_on <= (now() AT TIME ZONE 'UTC')::date AND expires_at <= now()
           AND state <> 'busy' AND letter IS NULL LIMIT $1 FOR UPDATE SKIP LOCKED)) RETURNING 1`,
      [batch],
    )
    return rows.length
  }
  return { steps, owner, letters, prune }
}
