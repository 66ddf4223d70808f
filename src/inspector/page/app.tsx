import { useEffect, useMemo, useState } from 'preact/hooks'
import type { PageState, Summary } from '../shown'
import { Copy } from './copy'
import { Delivery } from './delivery'
import { Gone, NoMatch, Nothing, Unchosen } from './empty'
import { List, Sieve, type Sifting } from './list'
import { clear, type Known, useNews } from './server'
import { matches, outcomeOf, standingOf, titleOf } from './standing'
import { ThemeSwitch } from './theme'

/** The whole page: what comes in on the left, one delivery on the right. */
export function App() {
  const { connection, state, deliveries } = useNews()
  const [sifting, onSift] = useState<Sifting>({ search: '', filter: 'all' })
  const number = useHash()
  const chosen = deliveries.find((each) => each.number === number)
  const sifted = useMemo(
    () =>
      deliveries.filter(
        (each) => (sifting.filter === 'all' || standingOf(each) === sifting.filter) && matches(each, sifting.search),
      ),
    [deliveries, sifting],
  )
  return (
    <div class={number === undefined ? 'page' : 'page has-choice'}>
      <Head connection={connection} state={state} hasAny={deliveries.length > 0} />
      {connection === 'gone' && <Gone state={state} />}
      <main>
        <nav class="left" aria-label="Deliveries">
          <Sieve sifting={sifting} onSift={onSift} all={deliveries} />
          {sifted.length > 0 && <List deliveries={sifted} chosen={number} />}
          {deliveries.length === 0 && connection !== 'connecting' && <Nothing state={state} />}
          {deliveries.length > 0 && sifted.length === 0 && (
            <NoMatch onReset={() => onSift({ search: '', filter: 'all' })} />
          )}
        </nav>
        <section class="right" aria-label="The chosen delivery">
          {number === undefined ? (
            <Unchosen hasAny={deliveries.length > 0} />
          ) : (
            <Delivery number={number} summary={chosen} all={deliveries} />
          )}
        </section>
      </main>
      <Announcer newest={deliveries[0]} />
    </div>
  )
}

function Head({
  connection,
  state,
  hasAny,
}: {
  connection: Known['connection']
  state: PageState | undefined
  hasAny: boolean
}) {
  return (
    <header>
      <h1>
        <img src="icon.svg" alt="" width="22" height="22" /> payproof <span>{state?.title}</span>
      </h1>
      <p class="route">
        {state?.receivesAt && (
          <>
            <code>{state.receivesAt}</code>
            <Copy text={state.receivesAt}>Copy</Copy>
          </>
        )}
        {state?.forwardsTo && (
          <>
            <span aria-hidden="true">→</span> <span class="unsighted">handed on to</span>
            <code>{state.forwardsTo}</code>
          </>
        )}
      </p>
      <p class={`connection ${connection}`} role="status">
        {connection === 'live' ? 'Live' : connection === 'gone' ? 'Connection lost' : 'Connecting'}
      </p>
      <ThemeSwitch />
      <button type="button" class="quiet" disabled={!hasAny} onClick={clear}>
        Clear
      </button>
    </header>
  )
}

/** Tells those who do not see the list what has come. */
function Announcer({ newest }: { newest: Summary | undefined }) {
  const settled = newest !== undefined && standingOf(newest) !== 'open'
  return (
    <p class="unsighted" aria-live="polite">
      {settled ? `Delivery ${newest.number}: ${titleOf(newest)}, ${outcomeOf(newest)}` : ''}
    </p>
  )
}

/** The number behind the hash: a delivery has an address, and the browser's way back works. */
function useHash(): number | undefined {
  const [hash, setHash] = useState(location.hash)
  useEffect(() => {
    const follow = () => setHash(location.hash)
    addEventListener('hashchange', follow)
    return () => removeEventListener('hashchange', follow)
  }, [])
  return /^#\d+$/.test(hash) ? Number(hash.slice(1)) : undefined
}
