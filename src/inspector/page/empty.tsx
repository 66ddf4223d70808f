import type { PageState } from '../shown'
import { Copy } from './copy'

/** Nothing has come yet: how to change that. */
export function Nothing({ state }: { state: PageState | undefined }) {
  return (
    <section class="empty">
      <h2>No deliveries yet</h2>
      {state?.sendCommand ? (
        <>
          <p>Send yourself one, from another terminal:</p>
          <Command text={state.sendCommand} />
          <p>
            Or have the provider send to <code>{state.receivesAt}</code>, through a tunnel to this port. The page is on
            a port of its own, which no tunnel needs.
          </p>
        </>
      ) : (
        <p>They appear here as your app receives them. Is the receiver mounted that `inspector` gave back?</p>
      )}
    </section>
  )
}

/** The process that serves this page does not answer. */
export function Gone({ state }: { state: PageState | undefined }) {
  return (
    <section class="gone" role="alert">
      <h2>payproof does not answer</h2>
      <p>
        What is below is what came before. This page connects again by itself. If you stopped payproof, start it again
        and open the new address that it prints.
      </p>
      {state?.startCommand && <Command text={state.startCommand} />}
    </section>
  )
}

export function NoMatch({ onReset }: { onReset: () => void }) {
  return (
    <section class="empty">
      <h2>None of them matches</h2>
      <button type="button" onClick={onReset}>
        Show all deliveries
      </button>
    </section>
  )
}

export function Unchosen({ hasAny }: { hasAny: boolean }) {
  return (
    <section class="empty unchosen">
      <h2>{hasAny ? 'Choose a delivery' : 'What you will see here'}</h2>
      <p>
        Whether it is genuine and why not, what became of it, its headers and bytes, and the typed event: one delivery
        at a time. The arrow keys walk through the list.
      </p>
    </section>
  )
}

function Command({ text }: { text: string }) {
  return (
    <div class="command">
      <code>{text}</code>
      <Copy text={text}>Copy</Copy>
    </div>
  )
}
