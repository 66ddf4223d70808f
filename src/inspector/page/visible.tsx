import type { ComponentChildren } from 'preact'

/** What cannot be seen, or turns the direction of what can: controls, marks, zero widths, lone surrogates. */
const unseen = /([\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\u115f\u1160\u3164\uffa0])/u
const kept = new Set(['\n', '\t'])

/** Somebody else's text: nothing in it is markup, and nothing in it hides. */
export function Visible({ text, lines = false }: { text: string; lines?: boolean }) {
  if (!unseen.test(text)) return <bdi>{text}</bdi>
  const parts: ComponentChildren[] = text.split(unseen).map((part, index) => {
    if (index % 2 === 0 || (lines && kept.has(part))) return part
    const name = `U+${(part.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`
    return (
      <span class="unseen" key={index}>
        {name}
      </span>
    )
  })
  return <bdi>{parts}</bdi>
}
