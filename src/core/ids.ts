import { WebhookError } from '../errors'

/** Printable ASCII without spaces: no two ids that look alike, none that a store would fold, cut or refuse. */
const idGrammar = /^[\x21-\x7e]{1,256}$/

export function isId(value: unknown): value is string {
  return typeof value === 'string' && idGrammar.test(value)
}

/** Refuses a name that a log line could not hold: what is invisible there or turns it around, or far too long. */
export function assertName(field: string, value: unknown): void {
  if (isId(value)) return
  if (typeof value !== 'string' || value.length > 256 || /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u.test(value)) {
    throw new WebhookError('id_invalid', `\`${field}\` must be at most 256 characters, none of them invisible.`)
  }
}

/** Refuses an id that must not become a key or be put into a log line. */
export function assertId(field: string, value: string): void {
  if (!isId(value)) {
    throw new WebhookError('id_invalid', `\`${field}\` must be 1 to 256 printable ASCII characters without spaces.`)
  }
}
