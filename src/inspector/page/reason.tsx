import type { Detail, Verdict } from '../shown'
import { Visible } from './visible'

const headings: Readonly<Record<Verdict, string>> = {
  pending: 'What is wrong',
  verified: 'What is wrong',
  refused: 'Why it was refused',
  unchecked: 'Why it was not checked',
}

/** Why it did not verify or was not taken, and what to do. */
export function Reason({ detail }: { detail: Detail }) {
  const { diagnosis, hint, forward, summary } = detail
  const advice = forward?.advice
  if (diagnosis === undefined && hint === undefined && advice === undefined) return null
  return (
    <section class={`reason ${summary.verdict}`} aria-labelledby="reason">
      <h3 id="reason">{headings[summary.verdict]}</h3>
      {diagnosis ? (
        <>
          <p class="sentence">
            <Visible text={diagnosis.sentence} />
          </p>
          <p class="clue">
            <code>{diagnosis.cause}</code>
            {diagnosis.secretId && (
              <>
                {' '}
                secret <code>{diagnosis.secretId}</code>
              </>
            )}
            {diagnosis.fingerprint && (
              <>
                , SHA-256 begins with <code>{diagnosis.fingerprint}</code>
              </>
            )}
          </p>
        </>
      ) : (
        hint && (
          <p class="sentence">
            <Visible text={hint} />
          </p>
        )
      )}
      {advice && <p class="sentence">{advice}</p>}
      {diagnosis && hint && (
        <p class="clue">
          <Visible text={hint} />
        </p>
      )}
    </section>
  )
}
