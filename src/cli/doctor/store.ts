import type { StoreAddress } from '../stores/address'
import { DriverMissing } from '../stores/driver'
import { failureOf } from '../stores/failure'
import { type OpenSettings, type OpenStore, openStore } from '../stores/open'
import { type Check, isProblem, notChecked, ok, problem } from './check'
import { checkKeeping } from './keeping'
import { checkRace } from './race'

const later = ['store table', 'store claims', 'store keeping']

/** Whether the store is there, has its table, gives an event to one worker alone, and keeps what it is told. */
export async function checkStore(address: StoreAddress, settings: OpenSettings): Promise<readonly Check[]> {
  const opened: OpenStore[] = []
  const open = async () => {
    const store = await openStore(address, settings)
    opened.push(store)
    return store
  }
  try {
    const store = await open()
    await store.ask(address.kind === 'redis' ? 'PING' : 'SELECT 1')
    const reached = ok('store', `${address.shown} answers, by \`${store.driver}\`.`)
    return [reached, ...(await checkInside(address, store, await open(), settings))]
  } catch (error) {
    return [notReached(address, error), ...later.map((name) => notChecked(name, 'The store was not reached.'))]
  } finally {
    await Promise.all(opened.map((store) => store.close().catch(() => {})))
  }
}

async function checkInside(
  { kind }: StoreAddress,
  store: OpenStore,
  other: OpenStore,
  settings: OpenSettings,
): Promise<readonly Check[]> {
  const schema = await checkSchema(kind, store, settings)
  const claims = isProblem(schema)
    ? notChecked('store claims', 'There is no table to claim in.')
    : await contained('store claims', () => checkRace(store, other, settings.timeoutMs))
  return [schema, claims, ...(await checkKeeping(kind, store, settings))]
}

async function checkSchema(
  kind: string,
  { schemaProbe, ask }: OpenStore,
  { table, prefix }: OpenSettings,
): Promise<Check> {
  const name = 'store table'
  if (schemaProbe === undefined) return ok(name, `It needs none: keys begin with \`${prefix}\`.`)
  try {
    await ask(schemaProbe)
    return ok(name, `The table ${table} is there, with all its columns.`)
  } catch (error) {
    const advice = `Call \`ensureSchema()\`, or take \`payproof schema ${kind}\` into your migrations; \`--table\` names another.`
    return problem(name, `The table ${table} is not there as it must be: ${failureOf(error)}`, advice)
  }
}

/** Fails as a check, and not as the command. */
async function contained(name: string, check: () => Promise<Check>): Promise<Check> {
  try {
    return await check()
  } catch (error) {
    return problem(name, `The store failed: ${failureOf(error)}`, 'Look into its log: may this user write?')
  }
}

function notReached({ kind, shown }: StoreAddress, error: unknown): Check {
  const name = 'store'
  if (error instanceof DriverMissing) return problem(name, `${shown} could not be opened.`, error.message)
  const advice =
    kind === 'sqlite'
      ? 'Check its path: nothing is made here that is not there.'
      : 'Check that it runs, and host, port, user, password and name in its address.'
  return problem(name, `${shown} does not answer: ${failureOf(error)}`, advice)
}
