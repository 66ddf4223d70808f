import pg from 'pg'

/** Where the write-ahead log ends, in bytes. */
export async function walOf(url: string): Promise<number> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  const { rows } = await client.query(`SELECT pg_current_wal_insert_lsn() - '0/0' AS bytes`).finally(() => client.end())
  return Number(rows[0]?.bytes)
}
