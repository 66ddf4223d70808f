import { encodeHex } from '../core/bytes'
import { inLiterals, inMembers, spelled } from './literals'
import type { Secrets } from './secrets'

/** Puts marks in the place of secrets: of what is named like one, and of known ones, also where JSON escapes spell them. */
export function mask(text: string, secrets: Secrets): string {
  return hide(text, secrets).shown
}

/** Puts back into a text that was shown and changed what was hidden in it: that, and never another secret. */
export function unmask(changed: string, text: string, secrets: Secrets): string {
  const { hidden } = hide(text, secrets)
  const mark = new RegExp(`"?\\[hidden: [^\\]]{1,80} ${random()}\\]"?`, 'g')
  return changed.replace(mark, (found) => {
    const whole = hidden.get(found)
    if (whole !== undefined) return whole
    return found.replace(/\[.*\]/s, (inner) => hidden.get(inner) ?? inner)
  })
}

function hide(text: string, { known, isSecret }: Secrets) {
  const { put, hidden } = createMarks()
  const byName = inMembers(text, (name, value) => {
    if (!isSecret(name) || /^(?:|""|null|true|false)$/.test(value)) return value
    if (!/^".*"$/s.test(value)) return `"${put(name, value, { whole: true })}"`
    return `"${put(name, value.slice(1, -1))}"`
  })
  const byParameter = byName.replace(parameter, (all, before: string, name: string, value: string) =>
    isSecret(unescaped(name)) ? `${before}${name}=${put(name, value)}` : all,
  )
  const shown = known.reduce((masked, { id, text: secret }) => {
    const found = new RegExp(secret.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'), 'gi')
    return inLiterals(
      masked.replace(found, (raw) => put(id, raw)),
      (literal) => {
        const meant = spelled(literal)
        const changed = meant.replace(found, (raw) => put(id, JSON.stringify(raw).slice(1, -1)))
        return changed === meant ? literal : JSON.stringify(changed)
      },
    )
  }, byParameter)
  return { shown, hidden }
}

/** Of a query or a form. */
const parameter = /(^|[?&;\s])([^=&?;\s"{}]{1,64})=([^&;\s"]+)/g

function unescaped(name: string): string {
  try {
    return decodeURIComponent(name)
  } catch {
    return name
  }
}

/** One mark for each text that is hidden; `hidden` gives the text back. */
function createMarks() {
  const marks = new Map<string, string>()
  const hidden = new Map<string, string>()
  const counts = new Map<string, number>()
  function put(name: string, raw: string, { whole = false } = {}): string {
    const id = /^[\w.-]{1,60}$/.test(name) ? name : 'secret'
    const key = `${whole} ${id} ${raw}`
    const known = marks.get(key)
    if (known !== undefined) return known
    const count = (counts.get(id) ?? 0) + 1
    counts.set(id, count)
    const mark = `[hidden: ${id}${count === 1 ? '' : ` ${count}`} ${random()}]`
    marks.set(key, mark)
    hidden.set(whole ? `"${mark}"` : mark, raw)
    return mark
  }
  return { put, hidden }
}

let drawn: string | undefined

/** Of this process: nobody can send a mark that would be taken for one of ours. Drawn late, for edge runtimes refuse it at start. */
function random(): string {
  drawn ??= encodeHex(crypto.getRandomValues(new Uint8Array(6)))
  return drawn
}
