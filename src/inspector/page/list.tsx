import { useRef } from 'preact/hooks'
import type { Summary } from '../shown'
import { timeOfDay } from './format'
import { Sign } from './sign'
import { outcomeOf, type Standing, standingOf, titleOf } from './standing'
import { Visible } from './visible'

export type Filter = 'all' | Exclude<Standing, 'open'>
const filters: readonly { readonly value: Filter; readonly label: string }[] = [
  { value: 'all', label: 'All' },
  { value: 'fine', label: 'Fine' },
  { value: 'failed', label: 'Failed' },
  { value: 'refused', label: 'Refused' },
]

export interface Sifting {
  readonly search: string
  readonly filter: Filter
}

/** What is searched for, and which kind is shown. */
export function Sieve({
  sifting,
  onSift,
  all,
}: {
  sifting: Sifting
  onSift: (sifting: Sifting) => void
  all: readonly Summary[]
}) {
  const count = (filter: Filter) => all.filter((each) => filter === 'all' || standingOf(each) === filter).length
  return (
    <search class="sieve">
      <input
        type="search"
        placeholder="Search: type, id, order, amount, code"
        aria-label="Search deliveries"
        value={sifting.search}
        onInput={({ currentTarget }) => onSift({ ...sifting, search: currentTarget.value })}
      />
      <fieldset>
        <legend class="unsighted">Show</legend>
        {filters.map(({ value, label }) => (
          <label key={value} class="chip">
            <input
              type="radio"
              name="filter"
              checked={sifting.filter === value}
              onChange={() => onSift({ ...sifting, filter: value })}
            />
            <span>
              {label} <b>{count(value)}</b>
            </span>
          </label>
        ))}
      </fieldset>
    </search>
  )
}

/** The deliveries as links; the arrow keys go from one to the next. */
export function List({ deliveries, chosen }: { deliveries: readonly Summary[]; chosen: number | undefined }) {
  const list = useRef<HTMLOListElement>(null)
  const walk = (event: KeyboardEvent) => {
    const links = [...(list.current?.querySelectorAll('a') ?? [])]
    const at = links.indexOf(document.activeElement as HTMLAnchorElement)
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: links.length - 1 }[event.key]
    const link = to === undefined ? undefined : links[to]
    if (link === undefined) return
    event.preventDefault()
    link.focus()
    location.replace(link.hash)
  }
  return (
    <ol ref={list} class="deliveries" aria-label="Deliveries, the newest first" onKeyDown={walk}>
      {deliveries.map((each) => (
        <li key={each.number}>
          <a href={`#${each.number}`} aria-current={each.number === chosen ? 'true' : undefined}>
            <Row summary={each} />
          </a>
        </li>
      ))}
    </ol>
  )
}

function Row({ summary }: { summary: Summary }) {
  const { number, receivedAtMs, provider, about, again } = summary
  const standing = standingOf(summary)
  return (
    <>
      <Sign standing={standing} />
      <span class="title">
        <Visible text={titleOf(summary)} />
      </span>
      <time dateTime={new Date(receivedAtMs).toISOString()}>{timeOfDay(receivedAtMs)}</time>
      <span class="about">
        #{number}
        {again && ` ↻ #${again.of}`}
        {' · '}
        {provider}
        {about.slice(0, 2).map((each) => (
          <span key={each}>
            {' · '}
            <Visible text={each} />
          </span>
        ))}
      </span>
      <span class={`outcome ${standing}`}>{outcomeOf(summary)}</span>
    </>
  )
}
