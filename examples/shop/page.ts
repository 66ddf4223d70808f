import type { Kept } from './letters'

interface Shown {
  readonly kept: readonly Kept[]
  /** Of the queue. */
  readonly counts: Readonly<Record<string, number>>
  readonly orders: readonly { readonly outcome: string; readonly count: number }[]
  readonly token: string
  /** What came of the last button. */
  readonly said: string
}

/** The page, without a script. Everything that came from outside is escaped: `html` does it. */
export function renderPage({ kept, counts, orders, token, said }: Shown): string {
  const hidden = html`<input type="hidden" name="token" value="${token}">`
  return html`<!doctype html><html lang="en">
<meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${kept.length} not handled</title><style>${raw(style)}</style>
<main>
<h1>Payments that were not handled</h1>
${said === '' ? '' : html`<p class="said" role="status">${said}</p>`}
<dl>${orders.map(({ outcome, count }) => figure(`orders ${outcome}`, count))}
${Object.entries(counts).map(([state, count]) => figure(`jobs ${state}`, count))}</dl>
${kept.length === 0 ? html`<p class="none">None. Every delivery that was proven is handled, or in the queue.</p>` : ''}
${kept.length < 2 ? '' : html`<form method="post" action="/replay-all">${hidden}<button>Replay all ${kept.length}</button></form>`}
${kept.map((one) => card(one, hidden))}
</main></html>`.text
}

const stops: Readonly<Record<Kept['place'], string>> = {
  web: 'before the queue',
  spool: 'before any store',
  worker: 'in the worker',
}

function card(kept: Kept, hidden: Html): Html {
  const {
    place,
    provider,
    id,
    eventId,
    wireType,
    attempts,
    receivedAt,
    why = 'A process ended, or a server was down.',
  } = kept
  const name = html`${hidden}<input type="hidden" name="place" value="${place}">
<input type="hidden" name="provider" value="${provider}"><input type="hidden" name="id" value="${id}">`
  return html`<article>
<h2><span>${provider}</span> ${wireType}</h2>
<p>${why}</p>
<p class="facts">stopped ${stops[place]} · ${attempts} ${attempts === 1 ? 'attempt' : 'attempts'} · received ${receivedAt}<br><code>${eventId}</code></p>
<form method="post" action="/replay">${name}<button aria-label="Replay ${provider} ${eventId}">Replay</button></form>
<details><summary aria-label="Discard ${provider} ${eventId} …">Discard …</summary><form method="post" action="/discard">${name}<button class="drop">Drop it for good</button></form></details>
</article>`
}

const figure = (name: string, count: number) => html`<div><dt>${name}</dt><dd>${count.toLocaleString('en')}</dd></div>`

/** Text that may stand in the page as it is. */
class Html {
  constructor(readonly text: string) {}
}

const raw = (text: string) => new Html(text)

function html(parts: TemplateStringsArray, ...values: readonly unknown[]): Html {
  return new Html(parts.map((part, number) => part + (number < values.length ? shown(values[number]) : '')).join(''))
}

function shown(value: unknown): string {
  if (value instanceof Html) return value.text
  if (Array.isArray(value)) return value.map(shown).join('')
  return String(value).replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`)
}

const style = `
:root { color-scheme: light dark; --line: light-dark(#d8dee6, #333b45); --soft: light-dark(#5a6572, #9aa5b1);
  --card: light-dark(#fff, #1b2027); --back: light-dark(#f4f6f8, #12161b); --act: light-dark(#0b5cad, #6cb2ff) }
body { margin: 0; background: var(--back); font: 16px/1.5 system-ui, sans-serif; overflow-wrap: anywhere }
main { max-width: 52rem; margin: 2rem auto; padding: 0 1rem }
h1 { font-size: 1.5rem; line-height: 1.25; text-wrap: balance }
h2 { font-size: 1rem; margin: 0 } h2 span { color: var(--soft); font-weight: 400 }
dl { display: grid; grid-template-columns: repeat(auto-fill, minmax(8rem, 1fr)); gap: .6rem; margin: 1.2rem 0 }
dl div, article { background: var(--card); border: 1px solid var(--line); border-radius: .6rem }
dl div { padding: .5rem .8rem } dt { color: var(--soft); font-size: .8rem }
dd { margin: 0; font-size: 1.3rem; font-variant-numeric: tabular-nums }
article { padding: 1rem; margin: 1rem 0 } article p { margin: .3rem 0 } .facts { color: var(--soft); font-size: .85rem }
article form, details { display: inline-block; margin: .5rem 1rem 0 0 } summary { color: var(--soft); cursor: pointer }
button { font: inherit; min-height: 2.4rem; padding: .3rem 1rem; border: 1px solid var(--act); border-radius: .4rem;
  background: var(--act); color: light-dark(#fff, #12161b); cursor: pointer }
button.drop { border-color: currentcolor; background: none; color: light-dark(#b3261e, #ff8a80) }
:focus-visible { outline: 3px solid var(--act); outline-offset: 2px }
.said, .none { padding: .7rem 1rem; border-left: .25rem solid var(--act); background: var(--card) }`
