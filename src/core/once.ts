/** `make`, called when its result is first asked for. Schemas are made like that: those of an event that never comes cost nothing. */
export function once<T extends object>(make: () => T): () => T {
  let made: T | undefined
  return () => {
    made ??= make()
    return made
  }
}
