import { WebhookError } from '../errors'

/** Printable ASCII without spaces: no two ids that look alike, none that a store would fold, cut or refuse. */
const idGrammar = /^[\x21-\x7e]{1,256}$/

/** Refuses an id that must not become a key or be put into a log line. */
export function assertId(field: string, value: string): void {
  if (!idGrammar.test(value)) {
    throw new WebhookError('id_invalid', `\`${field}\` must be 1 to 256 printable ASCII characters without spaces.`)
  }
}
