import { digits } from '../bench/part'
import { hasMariadb, hasPostgres, hasRedis } from '../chaos/servers'
import type { Table } from '../chaos/table'
import { errorOf, mostError } from './model'
import type { Facts, Result, Section } from './section'
import { measureMariadb, measureSqlite } from './size-others'
import { measurePostgres, type PostgresSizes } from './size-postgres'
import { measureRedis, type RedisSizes } from './size-redis'

export const size: Section = {
  name: 'size',
  async run(bench) {
    bench.say('Redis')
    const redis = hasRedis() ? await measureRedis(bench) : undefined
    bench.say('PostgreSQL')
    const postgres = hasPostgres() ? await measurePostgres(bench) : undefined
    bench.say('MariaDB and SQLite')
    const records = bench.count(100_000, 20_000)
    const mariadb = hasMariadb() ? await measureMariadb(records) : undefined
    const sqlite = await measureSqlite(records)
    const checks = [redis && redisCheck(redis), postgres && postgresCheck(postgres)].filter((one) => one !== undefined)
    return {
      tables: [
        recordTable(redis, postgres, { mariadb, sqlite }),
        ...(postgres === undefined ? [] : [lifeTable(postgres)]),
        checkTable(checks),
      ],
      remarks: [
        ...(redis === undefined ? ['Not run, this machine has no Redis.'] : []),
        ...(postgres === undefined ? ['Not run, this machine has no PostgreSQL.'] : pace(postgres)),
        ...(mariadb === undefined ? ['Not run, this machine has no MariaDB.'] : []),
      ],
      facts: factsOf(redis, postgres),
      broken: checks
        .filter(({ error }) => error > mostError)
        .map(({ what, error }) => `the model is off by ${percent(error)}: ${what}`),
    }
  },
}

interface Check {
  readonly what: string
  readonly predicted: number
  readonly measured: number
  readonly error: number
}

function redisCheck({ records, check }: RedisSizes): Check {
  const { predicted, measured } = check
  const what = `Redis, ${check.records} handled events; figure taken at ${records}`
  return { what, predicted, measured, error: errorOf(predicted, measured) }
}

function postgresCheck({ records, heapRecordBytes, indexFactor, bloatFactor, check }: PostgresSizes): Check {
  const predicted = check.records * heapRecordBytes * indexFactor * bloatFactor
  const { measured } = check
  const what = `PostgreSQL, ${check.records} handled events, two fifths replaced; figures taken at ${records}`
  return { what, predicted, measured, error: errorOf(predicted, measured) }
}

function recordTable(
  redis: RedisSizes | undefined,
  postgres: PostgresSizes | undefined,
  { mariadb, sqlite }: { mariadb: number | undefined; sqlite: number },
): Table {
  const shown = (bytes: number | undefined) => (bytes === undefined ? '' : String(Math.round(bytes)))
  const kept = postgres && postgres.heapRecordBytes * postgres.indexFactor * postgres.bloatFactor
  return {
    title: `Bytes of one record${redis === undefined ? '' : `; a letter is a delivery of 0.6 KB that failed, ${redis.letterLength} characters`}`,
    head: ['store', 'handled', 'claimed', 'failed, with its letter'],
    rows: [
      ['Redis, its memory', shown(redis?.doneBytes), shown(redis?.busyBytes), shown(redis?.letterBytes)],
      ['PostgreSQL, table and indexes as they are kept', shown(kept), '', shown(postgres?.letterBytes)],
      ['MariaDB, its file, filled only', shown(mariadb), '', ''],
      ['SQLite, its file, filled only', shown(sqlite), '', ''],
    ],
  }
}

function lifeTable({ records, steps }: PostgresSizes): Table {
  return {
    title: `The life of a PostgreSQL table of ${records} handled events, bytes a record`,
    head: ['', 'table', 'indexes', 'both'],
    rows: steps.map(({ what, table, indexes }) => [
      what,
      Math.round(table / records),
      Math.round(indexes / records),
      Math.round((table + indexes) / records),
    ]),
  }
}

const percent = (share: number) => `${(share * 100).toFixed(1)} %`
const megabytes = (bytes: number) => `${digits(bytes / 1e6)} MB`

function checkTable(checks: readonly Check[]): Table {
  return {
    title: `The model against what it was not made from; it may be off by ${mostError * 100} %`,
    head: ['', 'predicted', 'measured', 'off by'],
    rows: checks.map(({ what, predicted, measured, error }) => [
      what,
      megabytes(predicted),
      megabytes(measured),
      percent(error),
    ]),
  }
}

function pace({ prunedPerSecond, vacuumedPerSecond }: PostgresSizes): string[] {
  return [
    `PostgreSQL here: \`prune\` ${Math.round(prunedPerSecond)} rows/s in batches of 1000, VACUUM at autovacuum’s usual pace ${Math.round(vacuumedPerSecond)} rows/s; all of it in memory, and nothing else going on.`,
  ]
}

function factsOf(redis: RedisSizes | undefined, postgres: PostgresSizes | undefined): Partial<Facts> {
  return {
    ...(redis !== undefined && { redisRecordBytes: redis.doneBytes }),
    ...(postgres !== undefined && {
      heapRecordBytes: postgres.heapRecordBytes,
      indexFactor: postgres.indexFactor,
      bloatFactor: postgres.bloatFactor,
      vacuumRowsPerSecond: postgres.vacuumedPerSecond,
    }),
  } satisfies Partial<Facts> as Result['facts'] & object
}
