/** Whether it is an object that can do all of these. */
export function hasMethods(object: unknown, names: readonly string[]): boolean {
  return (
    typeof object === 'object' &&
    object !== null &&
    names.every((name) => typeof (object as Record<string, unknown>)[name] === 'function')
  )
}
