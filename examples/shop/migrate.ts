import { need } from './config'
import { migrate } from './schema'
import { openDatabase } from './servers'

const pool = openDatabase(need('DATABASE_URL'))
await migrate(pool)
await pool.end()
