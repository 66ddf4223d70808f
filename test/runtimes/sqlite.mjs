// Runs the store contract on the SQLite that this runtime brings: node:sqlite or bun:sqlite, three connections.
import { sqliteStore } from 'payproof/stores/sqlite'
import { storeContract } from 'payproof/testing'

const Database = globalThis.Bun ? (await import('bun:sqlite')).Database : (await import('node:sqlite')).DatabaseSync
const file = `events-${crypto.randomUUID()}.db`
const stores = [1, 2, 3].map(() => sqliteStore(new Database(file)))

let next = 0
for (const { name, run } of storeContract(() => stores[next++ % 3])) {
  await run().catch((error) => {
    throw new Error(`${name}: ${error.message}`)
  })
}
