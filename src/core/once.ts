/** `make`, called when its result is first asked for. Schemas are made like that: those of an event that never comes cost nothing. */
export function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined
  return () => {
    made ??= { value: make() }
    return made.value
  }
}
