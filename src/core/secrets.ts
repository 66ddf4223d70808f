import { misconfigured } from '../errors'
import { toBytes } from './bytes'
import { parseIsoTime } from './freshness'

/** A signing secret or token, with what is needed to rotate it. */
export interface SecretSettings {
  /** Names the secret in reports and in `event.proof.secretId`. Never part of the secret. */
  id: string
  /** The secret itself, exactly as the provider shows it. */
  value: string | undefined
  /** From this moment on the secret is refused: a `Date`, or ISO 8601 with a time zone. */
  notAfter?: Date | string
  /** Which of the provider's environments the secret belongs to. */
  mode?: 'test' | 'live'
}

/** One secret, or several while rotating, the newest first. */
export type SecretInput = string | SecretSettings | readonly (string | SecretSettings)[] | undefined

export interface Secret {
  readonly id: string
  readonly bytes: Uint8Array
  readonly notAfterMs: number
  readonly mode: 'test' | 'live' | undefined
}

/** The shortest secret that is taken, in characters: 16 random ones cannot be guessed. */
export const minSecretLength = 16

const maxSecrets = 8

/** Reads a secret setting, refusing at start everything that is no secret. Errors name the setting, never the value. */
export function parseSecrets(setting: string, input: SecretInput): readonly Secret[] {
  const list = Array.isArray(input)
    ? (input as readonly (string | SecretSettings)[])
    : [input as string | SecretSettings | undefined]
  if (list.length === 0) throw misconfigured(setting, 'is an empty list: give at least one secret.')
  if (list.length > maxSecrets)
    throw misconfigured(setting, `lists more than ${maxSecrets} secrets: drop those no longer in use.`)
  const secrets = list.map((item, index) =>
    parseSecret(list.length === 1 ? setting : `${setting}[${index}]`, item, index),
  )
  if (new Set(secrets.map((secret) => secret.id)).size < secrets.length)
    throw misconfigured(setting, 'gives two secrets the same id.')
  return secrets
}

/** The problem with a text as a secret, worded to follow the setting's name; `undefined` if there is none. */
export function problemWithSecret(value: unknown): string | undefined {
  if (value === undefined || value === null) return 'is missing: is the environment variable set?'
  if (typeof value !== 'string') return 'must be a string.'
  if (value.trim() === '') return 'is empty or blank.'
  if (['undefined', 'null', 'NaN', '[object Object]'].includes(value.trim()))
    return 'is the text of a missing value: is the environment variable set?'
  if (/^\s/.test(value)) return 'begins with white space: remove it, it is not part of the secret.'
  if (/\s$/.test(value))
    return `ends with white space or a line break (character ${value.trimEnd().length + 1}): remove it, it is not part of the secret.`
  if (/^["'`]|["'`]$/.test(value)) return 'has quotes around it: remove them, they are not part of the secret.'
  if (/\p{Cc}|\p{Cf}|\p{Zl}|\p{Zp}/u.test(value))
    return 'holds a line break, a control character or an invisible one: remove it.'
  if (/^(?:whsec_)?your[_-]/i.test(value))
    return "is the placeholder of a provider's guide, which everybody knows: give the secret that your dashboard shows."
  const random = value.replace(/^whsec_/, '')
  const length = [...random].length
  if (length < minSecretLength) {
    const behind = random === value ? '' : ' after `whsec_`'
    return `is too short: ${length} characters${behind}, at least ${minSecretLength} are needed.`
  }
  if (/^(.)\1*$/su.test(random)) return 'is one character again and again: anybody can guess it.'
  return undefined
}

function parseSecret(setting: string, input: string | SecretSettings | undefined, index: number): Secret {
  const settings: SecretSettings =
    typeof input === 'object' && input !== null ? input : { id: `secret-${index + 1}`, value: input }
  const problem = problemWithSecret(settings.value)
  if (problem !== undefined) throw misconfigured(setting, problem)
  if (typeof settings.id !== 'string' || !/^[\w.-]{1,64}$/.test(settings.id)) {
    throw misconfigured(`${setting}.id`, 'must be 1 to 64 letters, digits, dots, dashes or underscores.')
  }
  assertGivenOrLeftOut(setting, settings, 'notAfter')
  assertGivenOrLeftOut(setting, settings, 'mode')
  return {
    id: settings.id,
    bytes: toBytes(settings.value ?? ''),
    notAfterMs: parseNotAfter(`${setting}.notAfter`, settings.notAfter),
    mode: parseMode(`${setting}.mode`, settings.mode),
  }
}

/** A limit that was asked for with a value that is missing would silently be none. */
export function assertGivenOrLeftOut<Settings extends object>(
  setting: string,
  settings: Settings,
  name: keyof Settings & string,
): void {
  if (!Object.hasOwn(settings, name) || (settings[name] !== undefined && settings[name] !== null)) return
  const problem = 'is given but missing: is the environment variable set? Leave it out to go without.'
  throw misconfigured(setting === '' ? name : `${setting}.${name}`, problem)
}

function parseNotAfter(setting: string, notAfter: Date | string | undefined): number {
  if (notAfter === undefined) return Number.POSITIVE_INFINITY
  const ms = notAfter instanceof Date ? notAfter.getTime() : isoTimeOrNaN(notAfter)
  if (Number.isNaN(ms)) throw misconfigured(setting, 'must be a Date, or ISO 8601 with a time zone.')
  return ms
}

function isoTimeOrNaN(text: string): number {
  try {
    return parseIsoTime(text)
  } catch {
    return Number.NaN
  }
}

function parseMode(setting: string, mode: unknown): Secret['mode'] {
  if (mode === undefined || mode === 'test' || mode === 'live') return mode
  throw misconfigured(setting, "must be 'test' or 'live'.")
}
