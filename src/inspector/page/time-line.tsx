import type { Step, Summary } from '../shown'
import { span, timeOfDay } from './format'
import { Section } from './sections'
import { Sign } from './sign'
import { outcomeOf, siblingsOf, standingOf } from './standing'

/** Every delivery of the same event, or of the same bytes, in their order. */
export function Attempts({ summary, all }: { summary: Summary; all: readonly Summary[] }) {
  const siblings = siblingsOf(summary, all)
  const firstMs = siblings[0]?.receivedAtMs ?? 0
  if (siblings.length < 2) return null
  return (
    <Section
      title={`Attempts (${siblings.length})`}
      aside={summary.eventKey === undefined ? 'same bytes' : 'same event'}
    >
      <ol class="time-line">
        {siblings.map((each) => (
          <li key={each.number}>
            <Sign standing={standingOf(each)} />
            <a href={`#${each.number}`} aria-current={each.number === summary.number ? 'true' : undefined}>
              #{each.number}
            </a>
            <span class="when">
              {timeOfDay(each.receivedAtMs)}
              {each.receivedAtMs > firstMs && <i> +{span(each.receivedAtMs - firstMs)}</i>}
            </span>
            <span class={standingOf(each)}>{each.code ?? outcomeOf(each)}</span>
            {each.again && (
              <span class="dim">
                ↻ from #{each.again.of}, {each.again.changed ? 'changed, ' : ''}
                {each.again.how}
              </span>
            )}
          </li>
        ))}
      </ol>
    </Section>
  )
}

/** What was done with it, and when. */
export function Steps({ steps }: { steps: readonly Step[] }) {
  return (
    <ol class="steps" aria-label="What was done with it, and after how long">
      {steps.map(({ what, afterMs }, at) => (
        <li key={at}>
          {what} <i>{span(afterMs)}</i>
        </li>
      ))}
    </ol>
  )
}
