import { Argument, type Command } from 'commander'
import { createCommand } from './command'
import { inert, type Terminal } from './terminal'

const schemas = {
  postgres: async () => (await import('../stores/postgres')).postgresSchema,
  mysql: async () => (await import('../stores/mysql')).mysqlSchema,
  sqlite: async () => (await import('../stores/sqlite')).sqliteSchema,
}

export function schemaCommand(terminal: Terminal): Command {
  return createCommand('schema', "Print the migration that makes a SQL store's table.", [
    'payproof schema postgres > migrations/0001_payproof.sql',
    'payproof schema mysql --table webhook_events',
    'payproof schema postgres --table payments.webhook_events',
  ])
    .addArgument(new Argument('<database>', 'which SQL').choices(Object.keys(schemas)))
    .option('--table <name>', "the table's name", 'payproof_events')
    .action(async (database: keyof typeof schemas, { table, json }: { table: string; json?: true }) => {
      const schemaOf = await schemas[database]()
      const sql = schemaOf(table).replace(/;?$/, ';')
      if (json) terminal.printJson({ database, table, sql })
      else
        terminal.print(
          sql
            .split('\n')
            .map((line) => inert(line))
            .join('\n'),
        )
    })
}
