import { useId, useMemo, useState } from 'preact/hooks'
import type { ShownText } from '../shown'
import { size } from './format'
import { type Line, layOut, maxLines } from './layout'
import { Visible } from './visible'

/** A body or another text from outside: laid out where it is JSON, and as it was received. */
export function TextView({ shown, name, rest }: { shown: ShownText; name: string; rest?: string }) {
  const laidOut = useMemo(() => (shown.as === 'text' && !shown.cut ? layOut(shown.text) : undefined), [shown])
  const [wanted, setView] = useState<'laid out' | 'as received'>('laid out')
  const view = laidOut === undefined ? 'as received' : wanted
  const id = useId()
  const text = (
    <>
      <Notes shown={shown} rest={rest} cutLines={view === 'laid out' && laidOut?.cut === true} />
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be scrolled by keys too */}
      <section class="scroll" aria-label={name} tabIndex={0}>
        <pre class={shown.as === 'hex' ? 'bytes hex' : 'bytes'}>
          {view === 'laid out' && laidOut ? <Lines lines={laidOut.lines} /> : <Visible text={shown.text} lines />}
        </pre>
      </section>
    </>
  )
  if (laidOut === undefined) return <div class="text-view">{text}</div>
  return (
    <div class="text-view">
      <Tabs id={id} name={name} view={view} onView={setView} />
      <div role="tabpanel" id={`${id}-panel`} aria-labelledby={tabId(id, view)}>
        {text}
      </div>
    </div>
  )
}

const views = ['laid out', 'as received'] as const
type View = (typeof views)[number]
const tabId = (id: string, view: View) => `${id}-${view.replace(' ', '-')}`

function Tabs({ id, name, view, onView }: { id: string; name: string; view: View; onView: (view: View) => void }) {
  const turn = (event: KeyboardEvent) => {
    if (event.key !== 'ArrowLeft' && event.key !== 'ArrowRight') return
    const other = view === 'laid out' ? 'as received' : 'laid out'
    onView(other)
    document.getElementById(tabId(id, other))?.focus()
  }
  return (
    <div class="tabs" role="tablist" aria-label={`How to show: ${name}`} onKeyDown={turn}>
      {views.map((each) => (
        <button
          type="button"
          role="tab"
          key={each}
          id={tabId(id, each)}
          aria-selected={view === each}
          aria-controls={`${id}-panel`}
          tabIndex={view === each ? 0 : -1}
          onClick={() => onView(each)}
        >
          {each === 'laid out' ? 'Laid out' : 'As received'}
        </button>
      ))}
    </div>
  )
}

function Notes({ shown, rest, cutLines }: { shown: ShownText; rest: string | undefined; cutLines: boolean }) {
  const notes = [
    shown.as === 'hex' && 'These bytes are no UTF-8 text: they are shown in hex.',
    shown.cut && `This is its beginning, of ${size(shown.bytes)}.`,
    cutLines && `These are its first ${maxLines} lines: “As received” has more.`,
    shown.hidden && 'A secret in it is hidden.',
  ].filter((note) => note !== false)
  if (notes.length === 0) return null
  return (
    <p class="note">
      {notes.join(' ')}{' '}
      {shown.cut && rest !== undefined && (
        <a href={rest} download>
          Download it whole
        </a>
      )}
    </p>
  )
}

function Lines({ lines }: { lines: readonly Line[] }) {
  return (
    <>
      {lines.map(({ indent, pieces }, at) => (
        <span key={at}>
          {'  '.repeat(indent)}
          {pieces.map(({ kind, text }, index) => (
            <span class={`json-${kind}`} key={index}>
              <Visible text={text} />
            </span>
          ))}
          {at < lines.length - 1 && '\n'}
        </span>
      ))}
    </>
  )
}
