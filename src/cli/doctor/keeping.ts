import { tmpdir } from 'node:os'
import { sep } from 'node:path'
import type { StoreKind } from '../stores/address'
import type { OpenSettings, OpenStore } from '../stores/open'
import { type Check, notChecked, ok, problem, warning } from './check'

const name = 'store keeping'

type Finding = readonly [state: 'warning' | 'problem', seen: string, advice: string]
type Look = (ask: OpenStore['ask'], table: string) => Promise<readonly (Finding | undefined)[]>

/** Whether the server is set to keep what it is told: a forgotten event is handled twice. */
export async function checkKeeping(
  kind: StoreKind,
  { ask }: OpenStore,
  { table }: OpenSettings,
): Promise<readonly Check[]> {
  try {
    const findings = (await looks[kind](ask, table)).filter((finding) => finding !== undefined)
    if (findings.length === 0) return [ok(name, 'Its settings lose nothing in a crash.')]
    return findings.map(([state, seen, advice]) => (state === 'problem' ? problem : warning)(name, seen, advice))
  } catch {
    const advice = 'Ask whoever runs the server how it is kept.'
    return [notChecked(name, 'The server does not tell this user its settings.', advice)]
  }
}

const when = (holds: boolean, ...finding: Finding): Finding | undefined => (holds ? finding : undefined)

const redis: Look = async (ask) => {
  const info = String((await ask('INFO'))[0])
  const field = (field: string) => new RegExp(`^${field}:(\\S*)`, 'm').exec(info)?.[1]
  const policy = field('maxmemory_policy') ?? 'noeviction'
  const evicts = policy !== 'noeviction'
  const full = Number(field('maxmemory')) > 0
  const aof = 'Set `appendonly yes`.'
  const saves = await ask('CONFIG GET save').then(
    ([answer]) => !/save,?$/.test(String(answer)),
    () => true,
  )
  const withoutAof = field('aof_enabled') === '0'
  return [
    when(withoutAof && saves, 'warning', 'Redis runs without AOF: a crash forgets the last minutes.', aof),
    when(
      withoutAof && !saves,
      'problem',
      'Redis writes nothing to disk: a restart forgets which events were handled.',
      aof,
    ),
    when(
      evicts,
      full ? 'problem' : 'warning',
      `Redis may evict keys (maxmemory-policy ${policy}): events could be handled twice.`,
      'Set `maxmemory-policy noeviction`.',
    ),
    when(
      field('role') === 'slave',
      'problem',
      'It is a replica: it takes no claims, or late ones.',
      'Give the address of the primary.',
    ),
    when(
      Number.parseInt(field('redis_version') ?? '6', 10) < 6,
      'problem',
      `It is Redis ${field('redis_version')}.`,
      'Use Redis 6 or newer.',
    ),
  ]
}

const postgres: Look = async (ask, table) => {
  const settings = `SELECT current_setting('server_version_num')::int AS version, current_setting('fsync') AS fsync,
    current_setting('synchronous_commit') AS synchronous, pg_is_in_recovery() AS replica,
    (SELECT relpersistence FROM pg_class WHERE oid = to_regclass('${table}')) AS persistence`
  const row = await rowOf(ask(settings))
  return [
    when(row['fsync'] === 'off', 'problem', '`fsync` is off: a crash may lose the database.', 'Set `fsync = on`.'),
    when(
      row['synchronous'] === 'off',
      'warning',
      '`synchronous_commit` is off: a crash forgets the last moments.',
      'Set it to `on`, for this database at least.',
    ),
    when(
      row['persistence'] === 'u',
      'problem',
      'The table is UNLOGGED: a crash empties it.',
      `Run \`ALTER TABLE ${table} SET LOGGED\`.`,
    ),
    when(
      row['replica'] === true,
      'problem',
      'It is a replica: it takes no claims.',
      'Give the address of the primary.',
    ),
    when(Number(row['version']) < 120_000, 'problem', 'It is older than PostgreSQL 12.', 'Use PostgreSQL 12 or newer.'),
  ]
}

const mysql: Look = async (ask, table) => {
  const settings = await rowOf(
    ask('SELECT @@innodb_flush_log_at_trx_commit AS flush, @@read_only AS readonly, @@autocommit AS autocommit'),
  )
  const [, inSchema, inTable] = /^(?:(\w+)\.)?(\w+)$/.exec(table) ?? []
  const schema = inSchema === undefined ? 'DATABASE()' : `'${inSchema}'`
  const tables = `SELECT ENGINE AS engine FROM information_schema.tables WHERE table_schema = ${schema} AND table_name = '${inTable}'`
  const { engine = 'InnoDB' } = await rowOf(ask(tables))
  const advice = `Run \`ALTER TABLE ${table} ENGINE=InnoDB\`.`
  return [
    when(
      Number(settings['flush']) !== 1,
      'warning',
      '`innodb_flush_log_at_trx_commit` is not 1: a crash forgets the last second.',
      'Set it to 1.',
    ),
    when(engine !== 'InnoDB', 'problem', `The table's engine is ${String(engine)}, which has no transactions.`, advice),
    when(
      Number(settings['readonly']) === 1,
      'problem',
      'It is read-only, as a replica is: it takes no claims.',
      'Give the address of the primary.',
    ),
    when(
      Number(settings['autocommit']) === 0,
      'problem',
      'autocommit is off: nothing that the store writes would stay.',
      'Turn it on.',
    ),
  ]
}

const sqlite: Look = async (ask) => {
  const { file = '' } = await rowOf(ask(`SELECT file FROM pragma_database_list WHERE name = 'main'`))
  const path = String(file)
  const passing = [tmpdir(), '/dev/shm', '/run'].some((folder) => path.startsWith(`${folder}${sep}`))
  return [
    when(passing, 'warning', `It is in a folder for what may be lost: ${path}.`, 'Keep it where a restart leaves it.'),
  ]
}

const looks: Readonly<Record<StoreKind, Look>> = { redis, postgres, mysql, sqlite }

async function rowOf(rows: Promise<readonly unknown[]>): Promise<Readonly<Record<string, unknown>>> {
  return ((await rows)[0] ?? {}) as Readonly<Record<string, unknown>>
}
