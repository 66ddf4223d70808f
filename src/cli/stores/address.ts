import { inert, type Terminal, UsageError } from '../terminal'

export type StoreKind = 'redis' | 'postgres' | 'mysql' | 'sqlite'

/** Where a merchant's store is. */
export interface StoreAddress {
  readonly kind: StoreKind
  /** A URL, which may hold a password; the path of a file with SQLite. */
  readonly location: string
  /** The same without user, password and parameters. */
  readonly shown: string
}

const schemes: Readonly<Record<string, StoreKind>> = {
  'redis:': 'redis',
  'rediss:': 'redis',
  'postgres:': 'postgres',
  'postgresql:': 'postgres',
  'mysql:': 'mysql',
  'mariadb:': 'mysql',
}

export const storeHelp =
  'redis://…, postgres://…, mysql://…, sqlite:FILE, or env:NAME for a variable that holds it (default: env:PAYPROOF_STORE)'

/** The address that `--store` or the environment gives; `undefined` where neither does. */
export function readStoreAddress({ env }: Terminal, given: string | undefined): StoreAddress | undefined {
  const variable = given?.startsWith('env:') ? given.slice('env:'.length) : 'PAYPROOF_STORE'
  if (given !== undefined && !given.startsWith('env:')) {
    refusePassword(given)
    return parseAddress(given)
  }
  const value = env[variable]
  if (value) return parseAddress(value)
  if (given === undefined) return undefined
  throw new UsageError(`The environment variable ${inert(variable, 60)} is not set.`)
}

/** Arguments stand in the process list. */
function refusePassword(text: string): void {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const inQuery = [...(url?.searchParams.keys() ?? [])].some((name) => /pass|pwd|secret|token|auth/i.test(name))
  if (!url?.password && !inQuery) return
  throw new UsageError(
    "--store with a password is refused: arguments stand in the shell's history and in the process list.\n" +
      'Put the address into the environment, as PAYPROOF_STORE or any other variable, and give --store env:NAME.',
  )
}

function parseAddress(text: string): StoreAddress {
  const file = /^(?:sqlite|file):(?:\/\/)?(.+)$/.exec(text)?.[1] ?? (/\.(?:db|sqlite3?)$/.test(text) ? text : undefined)
  if (file !== undefined && !file.includes('://')) return { kind: 'sqlite', location: file, shown: file }
  const url = URL.canParse(text) ? new URL(text) : undefined
  const kind = url === undefined ? undefined : schemes[url.protocol]
  if (url !== undefined && kind !== undefined)
    return { kind, location: text, shown: `${url.protocol}//${url.host}${url.pathname}` }
  throw new UsageError('The address of the store must begin with redis://, postgres://, mysql:// or sqlite:.')
}
