import type { ComponentChildren } from 'preact'

/** What cannot be seen, or turns the direction of what can: controls, marks, zero widths, lone surrogates. */
const unseen = /((?:[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\u115f\u1160\u3164\uffa0])+)/u
const unseenInLines = /((?:(?![\n\t])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\u115f\u1160\u3164\uffa0])+)/u
/** Thousands of elements make a browser slow: further ones are spelled in the text itself. */
const maxMarked = 1000

/** Somebody else's text: nothing in it is markup, and nothing in it hides. */
export function Visible({ text, lines = false }: { text: string; lines?: boolean }) {
  const parts = text.split(lines ? unseenInLines : unseen)
  const shown: ComponentChildren[] = parts.map((part, index) => {
    if (index % 2 === 0) return part
    if (index > 2 * maxMarked) return `<${spelled(part)}>`
    return (
      <span class="unseen" key={index}>
        {spelled(part)}
      </span>
    )
  })
  return <bdi>{shown}</bdi>
}

function spelled(run: string): string {
  return Array.from(run, (char) => `U+${(char.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`).join(
    ' ',
  )
}
