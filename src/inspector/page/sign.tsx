import type { Standing } from './standing'

const shapes: Readonly<Record<Standing, { readonly name: string; readonly path: string }>> = {
  fine: { name: 'fine', path: 'M4.8 8.3l2.2 2.2 4.2-4.8' },
  failed: { name: 'failed', path: 'M8 4.6v4.2M8 11.2v.2' },
  refused: { name: 'refused', path: 'M5.5 5.5l5 5M10.5 5.5l-5 5' },
  open: { name: 'not settled', path: 'M5 8h.1M8 8h.1M11 8h.1' },
}
const outlines: Readonly<Record<Standing, string>> = {
  fine: 'M8 1.2a6.8 6.8 0 100 13.6A6.8 6.8 0 008 1.2z',
  failed: 'M8 1.4L15.2 14H.8L8 1.4z',
  refused: 'M5.2 1.2h5.6l4 4v5.6l-4 4H5.2l-4-4V5.2l4-4z',
  open: 'M8 1.2a6.8 6.8 0 100 13.6A6.8 6.8 0 008 1.2z',
}

/** A sign that is told by its shape as well as by its colour. */
export function Sign({ standing }: { standing: Standing }) {
  const { name, path } = shapes[standing]
  return (
    <svg class={`sign ${standing}`} viewBox="0 0 16 16" width="16" height="16" role="img" aria-label={name}>
      <path class="outline" d={outlines[standing]} />
      <path class="mark" d={path} />
    </svg>
  )
}
