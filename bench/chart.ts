import { type Bar, digits } from './part'

const width = 760
const row = 34
const top = 64
const labels = 230
const room = 320
/** Where the figures stand, one below the other. */
const figures = labels + room + 20

/** A bar chart of how much each gets done in the same CPU time: the floor is 1, longer is faster. Readable in light and in dark. */
export function drawChart(title: string, bars: readonly Bar[]): string {
  const sorted = [...bars].sort((a, b) => a.times - b.times)
  const longest = Math.max(...sorted.map(workOf))
  const height = top + sorted.length * row + 40
  const floorAt = labels + room / longest
  const drawn = sorted.map((bar, at) => drawBar(bar, top + at * row, (room * workOf(bar)) / longest))
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${escapeXml(title)}">
<style>
  text { font: 14px system-ui, -apple-system, "Segoe UI", sans-serif; fill: #24292f }
  .title { font-weight: 600; font-size: 16px }
  .quiet { fill: #57606a; font-size: 12px }
  .bar { fill: #8c959f }
  .floor { fill: #57606a }
  .payproof { fill: #1a7f37 }
  line { stroke: #57606a; stroke-dasharray: 3 4 }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 }
    .quiet { fill: #9da7b3 }
    .bar { fill: #6e7681 }
    .floor { fill: #9da7b3 }
    .payproof { fill: #3fb950 }
    line { stroke: #9da7b3 }
  }
</style>
<text class="title" x="16" y="26">${escapeXml(title)}</text>
<text class="quiet" x="16" y="46">Work done in the same CPU time; the hand-written floor is 1, longer is faster</text>
${drawn.join('\n')}
<line x1="${round(floorAt)}" x2="${round(floorAt)}" y1="${top - 6}" y2="${height - 34}"/>
<text class="quiet" x="16" y="${height - 12}">Written by npm run bench -- --write; method and machine: docs/benchmarks.md</text>
</svg>
`
}

/** How much is done in the time in which the floor does one. */
export const workOf = ({ times }: Bar): number => 1 / times

function drawBar(bar: Bar, y: number, length: number): string {
  const kind = bar.name === 'payproof' || bar.name === 'floor' ? bar.name : 'bar'
  const name = bar.name === 'floor' ? 'by hand (the floor)' : bar.name
  return `<text x="${labels - 12}" y="${y + 17}" text-anchor="end">${escapeXml(name)}</text>
<rect class="${kind}" x="${labels}" y="${y}" width="${round(length)}" height="24" rx="3"/>
<text x="${figures}" y="${y + 17}">${digits(workOf(bar))}×<tspan class="quiet">  ${digits(bar.times)} of its time</tspan></text>`
}

const round = (value: number) => Number(value.toFixed(1))

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
}
