import { useEffect, useRef, useState } from 'preact/hooks'
import type { Again, Detail } from '../shown'
import { resend } from './server'

/** Sends a delivery again with another body: signed anew where this process has the secret, or as it was. */
export function Resend({ detail, onClose }: { detail: Detail; onClose: () => void }) {
  const { summary, body, resend: can } = detail
  const editable = body !== undefined && !body.cut && body.as === 'text'
  const [text, setText] = useState(body?.text ?? '')
  const [how, setHow] = useState<Again['how']>(can.anew ? 'signed anew' : 'as it was')
  const [problem, setProblem] = useState<string>()
  const dialog = useRef<HTMLDialogElement>(null)
  useEffect(() => dialog.current?.showModal(), [])
  const send = async (event: Event) => {
    event.preventDefault()
    const found = await resend(summary.number, { how, ...(editable && text !== body.text ? { body: text } : {}) })
    if (found === undefined) dialog.current?.close()
    else setProblem(found)
  }
  return (
    <dialog ref={dialog} onClose={onClose} aria-labelledby="resend-title">
      <form onSubmit={send}>
        <h2 id="resend-title">Send #{summary.number} again</h2>
        {editable ? (
          <label class="field">
            Body
            <textarea
              class="bytes"
              rows={14}
              spellcheck={false}
              value={text}
              onInput={({ currentTarget }) => setText(currentTarget.value)}
            />
          </label>
        ) : (
          <p class="note">Its body is too large, or no text, to be changed here: it goes again as it is.</p>
        )}
        {body?.hidden && <p class="note">What is hidden is put back before it is sent.</p>}
        <fieldset class="how">
          <legend>Signature and time</legend>
          <How value="signed anew" how={how} onHow={setHow} disabled={!can.anew}>
            Sign it anew, with the secret that payproof holds
          </How>
          <How value="as it was" how={how} onHow={setHow}>
            Leave them as they were: a changed body must then be refused
          </How>
        </fieldset>
        {!can.anew && can.why && <p class="note">{can.why}</p>}
        {problem !== undefined && <p role="alert">{problem}</p>}
        <div class="actions">
          <button type="submit" class="main">
            Send
          </button>
          <button type="button" onClick={() => dialog.current?.close()}>
            Cancel
          </button>
        </div>
      </form>
    </dialog>
  )
}

function How({
  value,
  how,
  onHow,
  disabled = false,
  children,
}: {
  value: Again['how']
  how: Again['how']
  onHow: (how: Again['how']) => void
  disabled?: boolean
  children: string
}) {
  return (
    <label>
      <input type="radio" name="how" checked={how === value} disabled={disabled} onChange={() => onHow(value)} />
      {children}
    </label>
  )
}
