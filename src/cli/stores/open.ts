import { within } from '../../deadline'
import type { IdempotencyStore, Letters } from '../../stores/store'
import type { StoreAddress, StoreKind } from './address'

/** A merchant's store, opened with the merchant's own driver. */
export interface OpenStore {
  /** The package that was found. */
  readonly driver: string
  /** Makes the store. Not before its table is known to be there: a store of SQLite would make it. */
  store(): IdempotencyStore<unknown> & { readonly letters: Letters }
  /** Runs one statement, or one command with its arguments between spaces. Rejects with an error without values. */
  ask(text: string): Promise<readonly unknown[]>
  /** A statement that fails unless the table and its columns are there; left out where there is no table. */
  readonly schemaProbe?: string
  /** Takes out what a check has put in. */
  forget(key: string): Promise<void>
  close(): Promise<void>
}

export interface OpenSettings {
  readonly table: string
  readonly prefix: string
  readonly timeoutMs: number
}

type Open = (location: string, settings: OpenSettings) => Promise<OpenStore>

const kinds: Readonly<Record<StoreKind, () => Promise<Open>>> = {
  redis: async () => (await import('./redis')).openRedis,
  postgres: async () => (await import('./postgres')).openPostgres,
  mysql: async () => (await import('./mysql')).openMysql,
  sqlite: async () => (await import('./sqlite')).openSqlite,
}

/** Opens a store. Rejects with `DriverMissing`, or with the driver's error without what it was sent. */
export async function openStore({ kind, location }: StoreAddress, settings: OpenSettings): Promise<OpenStore> {
  const { timeoutMs } = settings
  const open = await kinds[kind]()
  const opened = await within(timeoutMs, open(location, settings))
  return {
    ...opened,
    ask: (text) => within(timeoutMs, opened.ask(text)),
    forget: (key) => within(timeoutMs, opened.forget(key)),
    close: () => within(timeoutMs, opened.close()),
  }
}
