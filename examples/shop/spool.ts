import { createHash, randomUUID } from 'node:crypto'
import { mkdir, open, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { DeadLetter } from 'payproof'
import type pg from 'pg'

/**
 * Where a web process keeps what nobody will bring again and no store could keep: a folder works when servers do not. One file
 * a letter, and from there into the table that the operator reads, as soon as the database answers.
 */
export interface Spool {
  /** For `onDeadLetter`: resolves once the letter is on disk. */
  readonly keep: (letter: DeadLetter) => Promise<void>
  readonly stop: () => void
}

const emptyEveryMs = 1000

export async function openSpool(folder: string, pool: pg.Pool): Promise<Spool> {
  await mkdir(folder, { recursive: true })
  let timer = setTimeout(emptyAgain, 0)
  let stopped = false

  async function emptyAgain(): Promise<void> {
    await empty(folder, pool).catch((error: Error) => console.error(`spool: ${error.message}`))
    if (!stopped) timer = setTimeout(emptyAgain, emptyEveryMs)
  }

  return {
    async keep(letter) {
      const id = createHash('sha256').update(`${letter.provider}:${letter.account}:${letter.id}`).digest('hex')
      const file = join(folder, `${id}.json`)
      // Of its own: two copies of an event may be kept at the same time.
      const part = `${file}.${randomUUID()}.part`
      await writeFile(part, JSON.stringify(letter), { flush: true })
      await rename(part, file)
      await flushNames(folder)
    },
    stop() {
      stopped = true
      clearTimeout(timer)
    },
  }
}

/** Else a file may be on disk, and its name not. */
async function flushNames(folder: string): Promise<void> {
  const handle = await open(folder)
  await handle.sync().finally(() => handle.close())
}

async function empty(folder: string, pool: pg.Pool): Promise<void> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.json'))
  let failed = 0
  let last = ''
  for (const name of names) {
    // One that the database refuses must not hold back those behind it.
    await move(join(folder, name), name, pool).catch((error: Error) => {
      failed++
      last = error.message
    })
  }
  if (failed > 0) throw new Error(`${failed} of ${names.length} letters stay here: ${last}`)
}

async function move(file: string, name: string, pool: pg.Pool): Promise<void> {
  const letter = await readFile(file, 'utf8')
  const insert = 'INSERT INTO spooled_letters (id, letter) VALUES ($1, $2) ON CONFLICT DO NOTHING'
  await pool.query(insert, [name, letter])
  await rm(file)
}
