import { useEffect, useRef, useState } from 'preact/hooks'
import type { Detail, Summary } from '../shown'
import { Copy } from './copy'
import { size, span, timeOfDay } from './format'
import { Reason } from './reason'
import { Resend } from './resend'
import { Answer, Facts, Headers, Section } from './sections'
import { readText, resend, useDetail } from './server'
import { Sign } from './sign'
import { outcomeOf, standingOf, titleOf } from './standing'
import { TextView } from './text-view'
import { Attempts, Steps } from './time-line'
import { Visible } from './visible'

/** One delivery, whole. */
export function Delivery({
  number,
  summary,
  all,
}: {
  number: number
  summary: Summary | undefined
  all: readonly Summary[]
}) {
  const loaded = useDetail(summary)
  const heading = useRef<HTMLHeadingElement>(null)
  useEffect(() => {
    // On a phone the list is gone: whoever cannot see that is told by where the focus is.
    if (matchMedia('(max-width: 760px)').matches) heading.current?.focus()
  }, [number])
  return (
    <article>
      <a class="back" href="#all">
        ← All deliveries
      </a>
      <h2 ref={heading} tabIndex={-1}>
        {summary && <Sign standing={standingOf(summary)} />}
        <Visible text={summary === undefined ? `Delivery ${number}` : titleOf(summary)} />
      </h2>
      {summary === undefined ? <p>It is no longer kept: newer ones took its place.</p> : <Line summary={summary} />}
      {loaded !== undefined && 'problem' in loaded && <p role="alert">{loaded.problem}</p>}
      {summary !== undefined && loaded !== undefined && 'detail' in loaded && (
        <Known detail={loaded.detail} summary={summary} all={all} />
      )}
    </article>
  )
}

function Line({ summary }: { summary: Summary }) {
  const { number, receivedAtMs, provider, bodyBytes, durationMs, again } = summary
  return (
    <p class="line-of">
      {summary.verdict === 'verified' && <b class="fine">verified</b>}
      <b class={standingOf(summary)}>{outcomeOf(summary)}</b>
      <span>#{number}</span>
      <span>{provider}</span>
      <time dateTime={new Date(receivedAtMs).toISOString()}>{timeOfDay(receivedAtMs)}</time>
      {bodyBytes !== undefined && <span>{size(bodyBytes)}</span>}
      {durationMs !== undefined && <span>{span(durationMs)}</span>}
      {again && (
        <span>
          <a href={`#${again.of}`}>#{again.of}</a> again, {again.changed ? 'changed, ' : ''}
          {again.how}
        </span>
      )}
    </p>
  )
}

function Known({ detail, summary, all }: { detail: Detail; summary: Summary; all: readonly Summary[] }) {
  const { number } = summary
  const { body, bodyMissing, event, thrown, answer } = detail
  return (
    <>
      <Actions detail={detail} />
      <Reason detail={detail} />
      <Facts facts={detail.facts} />
      <Attempts summary={summary} all={all} />
      <Steps steps={detail.steps} />
      <Section title="Body">
        {body ? (
          <TextView shown={body} name="Body" rest={`deliveries/${number}/body`} />
        ) : (
          <p class="note">{bodyMissing}</p>
        )}
      </Section>
      <Headers headers={detail.headers} method={detail.method} path={detail.path} />
      {thrown && (
        <Section title="What the handler threw">
          <TextView shown={thrown} name="What the handler threw" />
        </Section>
      )}
      {event && (
        <Section title="Typed event" folded>
          <TextView shown={event} name="Typed event" />
        </Section>
      )}
      {answer && <Answer answer={answer} forward={detail.forward} />}
    </>
  )
}

function Actions({ detail }: { detail: Detail }) {
  const { summary, resend: can, body } = detail
  const { number } = summary
  const [problem, setProblem] = useState<string>()
  const [changing, setChanging] = useState(false)
  useEffect(() => setProblem(undefined), [number])
  const replay = async () => setProblem(await resend(number, { how: 'as it was' }))
  return (
    <div class="actions">
      <button type="button" class="main" disabled={!can.asItWas} onClick={replay}>
        Replay
      </button>
      <button type="button" disabled={!can.asItWas} onClick={() => setChanging(true)}>
        Change and resend …
      </button>
      <Copy text={() => readText(`deliveries/${number}/fixture`)}>Copy as fixture</Copy>
      <Copy text={() => readText(`deliveries/${number}/curl`)}>Copy as curl</Copy>
      {body && (
        <a class="quiet button" href={`deliveries/${number}/body`} download>
          Download body
        </a>
      )}
      {!can.asItWas && can.why && <p class="note">{can.why}</p>}
      {problem !== undefined && <p role="alert">{problem}</p>}
      {changing && <Resend detail={detail} onClose={() => setChanging(false)} />}
    </div>
  )
}
