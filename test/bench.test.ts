import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { drawChart } from '../bench/chart'
import { isTooSlow, slowParts } from '../bench/guard'
import { isComplete } from '../bench/load'
import { type Contestant, inFlight, inOrder, interleave, repeat } from '../bench/measure'
import { atLeast, atMost, digits, isReached } from '../bench/part'
import { makeBody, shapes, sizes } from '../bench/payloads'
import { withSpeed } from '../bench/readme'
import { toPage } from '../bench/report'
import type { Finding } from '../bench/run'
import { quantile, ratioOf, type Slice } from '../bench/statistics'

const slices = (...cpuMs: number[]): Slice[] => cpuMs.map((ms) => ({ cpuMs: ms, wallMs: ms * 10 }))
const ratio = (median: number, best = median) => ({ median, best, lower: median, upper: median })

describe('the statistics', () => {
  it('interpolates between the two nearest', () => {
    expect([0, 0.25, 0.5, 1].map((share) => quantile([4, 1, 3, 2], share))).toEqual([1, 1.75, 2.5, 4])
    expect(() => quantile([], 0.5)).toThrow('Nothing was measured')
  })

  it('compares round by round, so that a slow stretch of the machine falls on both', () => {
    const disturbed = ratioOf(slices(1, 100, 2), slices(2, 200, 4), 'cpuMs')
    expect(disturbed).toEqual({ median: 0.5, lower: 0.5, upper: 0.5, best: 0.5 })
    expect(ratioOf(slices(1, 3), slices(1, 1), 'cpuMs')).toEqual({ median: 2, lower: 1.5, upper: 2.5, best: 1 })
  })

  it('compares nothing but the same rounds', () => {
    expect(() => ratioOf(slices(1), slices(1, 2), 'cpuMs')).toThrow('Only rounds')
    expect(() => ratioOf([], [], 'cpuMs')).toThrow('Only rounds')
  })
})

describe('the measuring', () => {
  const pace = { rounds: 6, sliceMs: 0.5, warmUpMs: 1 }

  it('gives everybody each place of a round', () => {
    const places = [0, 1, 2, 3, 4, 5].map((round) => inOrder(['a', 'b', 'c'], round).join(''))
    expect(places).toEqual(['abc', 'acb', 'cab', 'cba', 'bca', 'bac'])
  })

  it('gives each contestant one slice a round, prepared before it', async () => {
    const log: string[] = []
    const contestant = (name: string): Contestant => ({
      name,
      most: 3,
      prepare: () => log.push(`prepare ${name}`),
      run: (count) => log.push(`run ${name} ${count <= 3}`),
    })
    const timings = await interleave([contestant('a'), contestant('b')], pace)
    expect([...timings].map(([name, { length }]) => [name, length])).toEqual([
      ['a', 6],
      ['b', 6],
    ])
    expect(log.slice(-4)).toEqual(['prepare a', 'run a true', 'prepare b', 'run b true'])
  })

  it('tells twice the work from once', async () => {
    const work = (times: number) => () => {
      let sum = 0
      for (let i = 0; i < times * 2000; i++) sum += Math.sqrt(i)
      return sum
    }
    const contestants = [1, 8].map((times) => ({ name: String(times), run: repeat(work(times)) }))
    const timings = await interleave(contestants, { rounds: 9, sliceMs: 2, warmUpMs: 30 })
    expect(ratioOf(timings.get('8') ?? [], timings.get('1') ?? [], 'cpuMs').median).toBeGreaterThan(3)
  })

  it('keeps so many in flight, and does as many as it is told', async () => {
    let [done, running, most] = [0, 0, 0]
    await inFlight(4, async () => {
      most = Math.max(most, ++running)
      await new Promise((resolve) => setImmediate(resolve))
      running--
      done++
    })(10)
    expect([done, most]).toEqual([10, 4])
  })

  it('knows the end of an answer', () => {
    const head = 'HTTP/1.1 200 OK\r\n'
    expect(isComplete(`${head}Content-Length: 2\r\n\r\nO`)).toBe(false)
    expect(isComplete(`${head}Content-Length: 2\r\n\r\nOK`)).toBe(true)
    expect(isComplete(`${head}transfer-encoding: chunked\r\n\r\n2\r\nOK\r\n`)).toBe(false)
    expect(isComplete(`${head}transfer-encoding: chunked\r\n\r\n2\r\nOK\r\n0\r\n\r\n`)).toBe(true)
  })

  it('makes bodies of about their size, each a new event', () => {
    for (const shape of shapes) {
      for (const bytes of Object.values(sizes)) {
        const body = makeBody('payqi', shape, bytes)
        expect(Math.abs(body.length / bytes - 1)).toBeLessThan(0.05)
        expect(JSON.parse(body.toString()).id).not.toBe(JSON.parse(makeBody('payqi', shape, bytes).toString()).id)
      }
    }
  })
})

describe('the guard', () => {
  const limits = { verify: 1 }
  const check = (median: number, best: number, name = 'verify') => ({ name, ratio: ratio(median, best) })

  it('wants both the median and the fastest slices to be too slow', () => {
    expect(isTooSlow(check(1.7, 1.7), limits)).toBe(true)
    expect(isTooSlow(check(9, 1.5), limits)).toBe(false)
    expect(isTooSlow(check(1.5, 9), limits)).toBe(false)
  })

  it('is not switched off by a new name, a part that fails, or one without checks', () => {
    expect(isTooSlow(check(0.1, 0.1, 'another'), limits)).toBe(true)
    expect(isTooSlow(check(0.1, 0.1, 'constructor'), limits)).toBe(true)
    const part = { name: 'verify', question: '', method: '' }
    const finding = (rest: Partial<Finding>): Finding => ({ part, tables: [], seconds: 1, ...rest })
    const well = finding({ checks: [check(1, 1)] })
    expect(slowParts([well, finding({ failed: 'why' }), finding({ checks: [] }), finding({})], limits)).toHaveLength(3)
  })
})

describe('the report', () => {
  const finding: Finding = {
    part: { name: 'verify', question: 'What is asked', method: 'How' },
    tables: [{ title: 'Times', head: ['', '0.6 KB'], rows: [['payproof', '0.62 (0.60–0.65)']] }],
    targets: [
      atMost('verify', 0.804, 0.8),
      atMost('memory', 1.2, 1),
      atLeast('lead', 1.2, 1.2),
      atMost('receive of new events ÷ floor', 1.07, 1.2),
      atMost('verify ÷ floor, 64 KB of items, the slowest provider', 0.51, 1),
      atMost('verify ÷ floor, 0.6 KB of items, the slowest provider', 0.71, 0.8),
    ],
    bars: [
      { name: 'payproof', times: 0.62 },
      { name: 'floor', times: 1 },
      { name: 'a <peer> & "co"', times: 1.26 },
      { name: 'slow', times: 4 },
    ],
    seconds: 3,
  }
  const machine = { title: '', head: ['', ''], rows: [['Node', 'v20']] }
  const page = toPage([finding, { ...finding, failed: 'it ended with 1', targets: [], bars: [] }], {
    quick: true,
    machine,
  })

  it('judges what it shows', () => {
    expect([0.804, 0.806].map((figure) => isReached(atMost('', figure, 0.8)))).toEqual([true, false])
    expect([1.196, 1.19].map((figure) => isReached(atLeast('', figure, 1.2)))).toEqual([true, false])
    expect(isReached(atMost('', Number.NaN, 1))).toBe(false)
    expect([0.0123, 0.5, 12.34, 1234.5].map(digits)).toEqual(['0.012', '0.50', '12.3', '1235'])
  })

  it('says plainly what is not reached and what failed', () => {
    expect(page).toContain('5 of 6 targets are reached.')
    expect(page).toContain('| memory | at most 1 | 1.20 | **not reached** |')
    expect(page).toContain('**Did not come to its end**: it ended with 1.')
    expect(page).toContain('Quick run of')
  })

  it('draws the floor and everybody else to scale, names inert', () => {
    const chart = drawChart('A & B', finding.bars ?? [])
    expect(chart).toContain('a &lt;peer&gt; &amp; &quot;co&quot;')
    expect(chart).not.toContain('<peer>')
    const lengths = [...chart.matchAll(/<rect class="(\w+)".*? width="([\d.]+)"/g)].map(([, kind, length]) => [
      kind,
      Number(length),
    ])
    expect(lengths.map(([kind]) => kind)).toEqual(['payproof', 'floor', 'bar', 'bar'])
    expect(Number(lengths[0]?.[1]) / Number(lengths[1]?.[1])).toBeCloseTo(1 / 0.62, 1)
    expect(chart).toContain('prefers-color-scheme: dark')
  })

  it('puts a section into the README, and the same one in its place the next time', () => {
    const readme = '# payproof\n\n## Before\n\ntext\n\n## Where things are\n\nend\n'
    const once = withSpeed(readme, [finding])
    expect(once).toContain('that of the slowest provider 0.71, and 0.51 at 64 KB')
    expect(once).toContain('a <peer> & "co", takes 1.26')
    expect(once.indexOf('## Speed')).toBeLessThan(once.indexOf('## Where things are'))
    expect(withSpeed(once, [finding])).toBe(once)
    expect(() => withSpeed(readme, [])).toThrow('Not all of it')
  })
})

describe('what is written', () => {
  const root = new URL('../', import.meta.url)
  const read = (path: string) => readFileSync(new URL(path, root), 'utf8')

  it('claims no figure in the README that is not in the document', () => {
    const [, section = ''] = /^## Speed\n([\s\S]*?)^## /m.exec(read('README.md')) ?? []
    const figures = section.replace(/\(docs\/.*?\)/g, '').match(/\d[\d.]*\d|\d/g) ?? []
    const document = new Set(read('docs/benchmarks.md').match(/\d[\d.]*\d|\d/g) ?? [])
    expect(figures.length).toBeGreaterThan(4)
    expect(figures.filter((figure) => !document.has(figure))).toEqual([])
  })

  it('has its chart', () => {
    expect(existsSync(new URL('docs/images/benchmarks.svg', root))).toBe(true)
  })
})
