const credentials = /token|secret|passw(?:or)?d|authorization|(?:api|private)[-_]?key|cookie/i
/** What only says which one it was. */
const identifiers = /(?:token|secret|key)[-_]?id$/i

/** Whether a header, field or parameter of that name holds what must not be shown, whatever its value. */
export function isCredential(name: string): boolean {
  return credentials.test(name) && !identifiers.test(name)
}
