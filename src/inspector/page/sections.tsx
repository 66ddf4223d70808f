import type { ComponentChildren } from 'preact'
import type { Detail, Pairs, ShownAnswer } from '../shown'
import { TextView } from './text-view'
import { Visible } from './visible'

/** A part of a delivery, that can be folded away. */
export function Section({
  title,
  aside,
  folded = false,
  children,
}: {
  title: string
  aside?: ComponentChildren
  folded?: boolean
  children: ComponentChildren
}) {
  return (
    <details class="section" open={!folded}>
      <summary>
        <h3>{title}</h3>
        {aside !== undefined && <span class="aside">{aside}</span>}
      </summary>
      {children}
    </details>
  )
}

export function Facts({ facts }: { facts: Pairs }) {
  if (facts.length === 0) return null
  return (
    <dl class="facts">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>
            <Visible text={value} />
          </dd>
        </div>
      ))}
    </dl>
  )
}

export function Headers({
  headers,
  method = 'POST',
  path,
}: {
  headers: Pairs
  method: string | undefined
  path: string | undefined
}) {
  const aside = path === undefined ? method : `${method} ${path}`
  return (
    <Section title={`Headers (${headers.length})`} aside={<Visible text={aside} />}>
      <HeaderTable headers={headers} name="Headers" />
    </Section>
  )
}

export function Answer({ answer, forward }: { answer: ShownAnswer; forward: Detail['forward'] }) {
  const own = forward === undefined || forward.problem !== undefined
  return (
    <Section title={`Answer ${answer.status}`} aside={own ? 'from payproof' : `from ${forward.to}`} folded={own}>
      <HeaderTable headers={answer.headers} name="Headers of the answer" />
      {answer.body.bytes === 0 ? <p class="note">It has no body.</p> : <TextView shown={answer.body} name="Answer" />}
    </Section>
  )
}

function HeaderTable({ headers, name }: { headers: Pairs; name: string }) {
  if (headers.length === 0) return <p class="note">There are none.</p>
  return (
    <table class="headers">
      <caption class="unsighted">{name}</caption>
      <tbody>
        {headers.map(([key, value], at) => (
          <tr key={at}>
            <th scope="row">
              <Visible text={key} />
            </th>
            <td>
              <Visible text={value} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}
