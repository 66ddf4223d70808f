import type { Command } from 'commander'
import type { Provider } from '../providers/provider'
import { type ProviderName, senderByName } from '../testing/senders'
import type { Sender, Setting, SettingValues } from '../testing/senders/sender'
import { readSecrets } from './secrets'
import { shown } from './shown'
import { type Terminal, UsageError } from './terminal'

/** What `withSettings` adds to a command. */
export interface SettingOptions {
  readonly secretFile?: string
  readonly set?: readonly string[]
}

/** The options by which a command learns a provider's settings; secrets come by another road. */
export function withSettings(command: Command): Command {
  return command
    .option(
      '--secret-file <path>',
      "read the secret from a file (- is stdin), instead of the provider's variable or PAYPROOF_SECRET; several lines: newest first",
    )
    .option('--set <name=value...>', 'a setting that is no secret, as merchantId=kpm_abc123')
}

export const providerNames = Object.keys(senderByName)

export function senderNamed(name: string): Sender {
  const sender = Object.hasOwn(senderByName, name) ? senderByName[name as ProviderName] : undefined
  if (sender !== undefined) return sender
  throw new UsageError(
    `There is no provider ${shown(name, 'of that name', 40)}: it is one of ${providerNames.join(', ')}.`,
  )
}

export interface Configuration {
  readonly values: SettingValues
  /** The variable or option that gave the secret, where there is one. */
  readonly secretFrom?: string
}

/** The settings of a provider, from `--secret-file`, `--set`, the environment or a prompt. */
export async function readSettings(
  terminal: Terminal,
  sender: Sender,
  options: SettingOptions,
): Promise<SettingValues> {
  return (await readConfiguration(terminal, sender, options)).values
}

/** The same, and where the secret came from. */
export async function readConfiguration(
  terminal: Terminal,
  { title, settings }: Sender,
  { secretFile, set = [] }: SettingOptions,
): Promise<Configuration> {
  const values: Record<string, string | readonly string[]> = {}
  for (const { name, variable } of settings) {
    const value = terminal.env[variable]
    if (value) values[name] = value
  }
  for (const [name, value] of set.map((text) => parseSetting(text, settings))) values[name] = value
  const choices = settings.filter(({ needed }) => needed === 'one')
  const chosen = choices.find(({ name }) => values[name] !== undefined) ?? choices[0]
  let secretFrom: string | undefined
  if (chosen !== undefined) {
    const places = { what: `${title}'s ${chosen.name}`, variables: choices.map(({ variable }) => variable) }
    const { secrets, from } = await readSecrets(terminal, { ...places, file: secretFile })
    values[chosen.name] = secrets
    secretFrom = from
    for (const { name } of choices) if (name !== chosen.name) delete values[name]
  }
  for (const { name, variable, needed } of settings) {
    if (needed === 'always' && values[name] === undefined)
      throw new UsageError(`${title} needs ${name}: set ${variable} in the environment, or give --set ${name}=…`)
  }
  return { values, ...(secretFrom !== undefined && { secretFrom }) }
}

/** A provider as the merchant has configured it. Wrong settings throw the library's own error, which shows no value. */
export async function configureProvider(
  terminal: Terminal,
  name: string,
  options: SettingOptions,
  fetch?: typeof globalThis.fetch,
): Promise<Provider> {
  const sender = senderNamed(name)
  return sender.createProvider(await readSettings(terminal, sender, options), fetch)
}

function parseSetting(text: string, settings: readonly Setting[]): readonly [string, string] {
  const [, name, value] = /^(\w+)=(.+)$/s.exec(text) ?? []
  const open = settings.filter(({ secret }) => !secret).map((setting) => setting.name)
  if (name !== undefined && value !== undefined && open.includes(name)) return [name, value]
  throw new UsageError(
    open.length === 0
      ? '--set: this provider has no settings but its secret, which is never an argument.'
      : `--set takes name=value, where the name is one of ${open.join(', ')}. Secrets are never arguments.`,
  )
}
