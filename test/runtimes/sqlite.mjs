// Runs the store contract, three connections, on the SQLite that is named, or that this runtime brings: node:sqlite or bun:sqlite.
import { sqliteStore } from 'payproof/stores/sqlite'
import { storeContract } from 'payproof/testing'

const [, , module = globalThis.Bun ? 'bun:sqlite' : 'node:sqlite'] = process.argv
const { Database, DatabaseSync, default: main } = await import(module)
const Open = module.startsWith('file:') ? main : (Database ?? DatabaseSync)
const file = `events-${crypto.randomUUID()}.db`
const stores = [1, 2, 3].map(() => sqliteStore(new Open(file), { transaction: true }))

let next = 0
for (const { name, run } of storeContract(() => stores[next++ % 3])) {
  await run().catch((error) => {
    throw new Error(`${name}: ${error.message}`)
  })
}
