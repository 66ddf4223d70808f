import { inert } from './inert'

/** What was typed, where a person has to see it again, or other words for it where a secret may have been typed. */
export function shown(typed: string, otherwise: string, maxLength = 200): string {
  return mayBeSecret(typed) ? otherwise : inert(typed, maxLength)
}

/** Long and without the dots and slashes of a path or name, or with the signs of base64. */
function mayBeSecret(typed: string): boolean {
  return typed.length >= 16 && (!/[./\\]/.test(typed) || /[+=]/.test(typed))
}

/** What commander says of arguments, without those that may be a secret in the wrong place. */
export function withoutValues(text: string): string {
  return text
    .replace(/(unknown option) '(.*)'/s, (_, what, option: string) => `${what} '${optionOf(option)}'`)
    .replace(/(unknown command) '(.*)'/s, (_, what, name: string) =>
      /^[a-z-]{1,15}$/.test(name) ? `${what} '${name}'` : what,
    )
    .replace(/(argument(?: value)?) '.*' is invalid/s, '$1 is invalid')
}

/** An option is words with dashes between: what else was typed behind the dash is not shown. */
function optionOf(option: string): string {
  const [, name, rest = ''] = /^(-[a-z](?![^=])|--[a-z]+(?:-[a-z]+)*(?![^=]))(.*)$/is.exec(option) ?? []
  if (name === undefined || name.length > 24) return `${option.slice(0, 2)}…`
  return rest === '' ? name : `${name}=…`
}
