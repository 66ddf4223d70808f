import { WebhookError } from '../errors'

/** Printable ASCII without spaces: no two ids that look alike, none that a store would fold, cut or refuse. */
const idGrammar = /^[\x21-\x7e]{1,256}$/

export function isId(value: unknown): value is string {
  return typeof value === 'string' && idGrammar.test(value)
}

/** Refuses a name that a log line could not hold: control characters, line separators, or far too long. */
export function assertName(field: string, value: string): void {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
  if (value.length > 256 || /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/.test(value)) {
    throw new WebhookError(
      'id_invalid',
      `\`${field}\` must be at most 256 characters, none of them control characters.`,
    )
  }
}

/** Refuses an id that must not become a key or be put into a log line. */
export function assertId(field: string, value: string): void {
  if (!isId(value)) {
    throw new WebhookError('id_invalid', `\`${field}\` must be 1 to 256 printable ASCII characters without spaces.`)
  }
}
