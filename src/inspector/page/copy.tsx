import { useEffect, useState } from 'preact/hooks'

type State = 'idle' | 'copied' | 'failed'
const told: Readonly<Record<State, string>> = { idle: '', copied: 'Copied', failed: 'The browser did not allow it' }

/** Copies a text, or one that has to be fetched first, and says so. */
export function Copy({ text, children }: { text: string | (() => Promise<string>); children: string }) {
  const [state, setState] = useState<State>('idle')
  useEffect(() => {
    if (state === 'idle') return
    const timer = setTimeout(() => setState('idle'), 2500)
    return () => clearTimeout(timer)
  }, [state])
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(typeof text === 'string' ? text : await text())
      setState('copied')
    } catch {
      setState('failed')
    }
  }
  return (
    <button type="button" class={`quiet ${state}`} onClick={copy}>
      {state === 'idle' ? children : told[state]}
      <span class="unsighted" role="status">
        {told[state]}
      </span>
    </button>
  )
}
