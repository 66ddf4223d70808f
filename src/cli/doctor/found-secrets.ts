import { senderByName } from '../../testing/senders'
import type { Sender, SettingValues } from '../../testing/senders/sender'
import { readSecrets } from '../secrets'
import type { Terminal } from '../terminal'
import type { FoundSecret } from './secrets'

/** The provider's secrets as they were given, and those of other providers that stand in the environment. */
export async function findSecrets(
  terminal: Terminal,
  sender: Sender,
  values: SettingValues | undefined,
  file: string | undefined,
): Promise<readonly FoundSecret[]> {
  const { env } = terminal
  const inVariables = Object.values(senderByName).flatMap(({ name, settings }) =>
    settings.filter(({ secret }) => secret).map(({ variable }) => ({ provider: name, place: variable })),
  )
  const own = [{ provider: sender.name, place: 'PAYPROOF_SECRET' }, ...inVariables]
  const found = own.flatMap((place) => {
    const value = env[place.place]
    return value ? [{ ...place, value }] : []
  })
  if (file === undefined) return found
  // Standard input can be read once.
  const chosen = sender.settings.find(({ name, needed }) => needed === 'one' && values?.[name] !== undefined)
  const lines =
    chosen === undefined
      ? (await readSecrets(terminal, { what: '', variables: [], file })).secrets
      : values?.[chosen.name]
  return [
    ...listed(lines).map((value, at) => ({ provider: sender.name, place: `Line ${at + 1} of the file`, value })),
    ...found,
  ]
}

function listed(lines: string | readonly string[] | undefined): readonly string[] {
  return typeof lines === 'string' ? [lines] : (lines ?? [])
}
