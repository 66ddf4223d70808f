import { describe, expect, it } from 'vitest'
import { outsideTolerance, outsideWindow, parseEpoch, parseIsoTime, parseUnixSeconds } from '../src/core/freshness'
import { thrown } from './support/errors'

const now = 1_790_000_000

describe('parseUnixSeconds', () => {
  it('reads ten digits', () => expect(parseUnixSeconds('1790000000')).toBe(now * 1000))
  it.each([
    '',
    '-1',
    '+1790000000',
    '1e9',
    '0x6AB11B80',
    '1790000000junk',
    '1790000000.9',
    ' 1790000000',
    '1790000000 ',
    '1790000000000',
    '17900000001790000000',
    'NaN',
    'Infinity',
    '１７９０００００００',
    '0790000000',
    '179000000',
    '1790000000, 1790000000',
  ])('refuses %j', (text) => expect(thrown(() => parseUnixSeconds(text)).code).toBe('timestamp_malformed'))
})

describe('parseEpoch', () => {
  it('tells seconds from milliseconds', () => {
    expect(parseEpoch(now, 'seconds')).toBe(now * 1000)
    expect(parseEpoch(1_790_000_000_123, 'seconds or milliseconds')).toBe(1_790_000_000_123)
    expect(thrown(() => parseEpoch(1_790_000_000_123, 'seconds')).code).toBe('timestamp_malformed')
  })
  it.each([1.5, -now, Number.NaN, Number.POSITIVE_INFINITY, '1790000000', true, {}, 0])('refuses %j', (value) =>
    expect(thrown(() => parseEpoch(value, 'seconds or milliseconds')).code).toBe('timestamp_malformed'),
  )
  it('misses what is not there', () => {
    expect(thrown(() => parseEpoch(undefined, 'seconds')).code).toBe('timestamp_missing')
    expect(thrown(() => parseIsoTime(null)).code).toBe('timestamp_missing')
  })
})

describe('parseIsoTime', () => {
  it.each([
    ['2026-11-21T20:09:07.156Z', '2026-11-21T20:09:07.156Z'],
    ['2026-11-21T22:09:07+02:00', '2026-11-21T20:09:07.000Z'],
    ['2024-02-29T00:00:00Z', '2024-02-29T00:00:00.000Z'],
  ])('reads %s', (text, iso) => expect(new Date(parseIsoTime(text)).toISOString()).toBe(iso))
  it.each([
    '2026-11-21',
    '2026-11-21T20:09:07',
    '2026-11-21 20:09:07Z',
    '2026-02-30T00:00:00Z',
    '2025-02-29T00:00:00Z',
    '2026-13-01T00:00:00Z',
    '2026-11-21T24:00:01Z',
    '2026-11-21T20:09:60Z',
    'now',
    '1790000000',
    '2026-11-21T20:09:07Zjunk',
    1790000000,
  ])('refuses %j', (text) => expect(thrown(() => parseIsoTime(text)).code).toBe('timestamp_malformed'))
})

describe('tolerance', () => {
  it('holds both ways, exact to the second', () => {
    for (const second of [now - 300, now, now + 300])
      expect(outsideTolerance(second * 1000, now * 1000 + 999, 300)).toBeUndefined()
    expect(outsideTolerance((now - 301) * 1000, now * 1000, 300)?.code).toBe('timestamp_too_old')
    expect(outsideTolerance((now + 301) * 1000, now * 1000, 300)?.code).toBe('timestamp_in_future')
  })
  it('says how far the time is off', () => {
    expect(outsideTolerance((now - 400) * 1000, now * 1000, 300)?.hint).toContain('400 s old')
    expect(outsideTolerance((now + 400) * 1000, now * 1000, 300)?.hint).toContain('400 s ahead')
  })
  it('may be another into the past than into the future', () => {
    for (const second of [now - 3600, now + 300])
      expect(outsideWindow(second * 1000, now * 1000, 3600, 300)).toBeUndefined()
    expect(outsideWindow((now - 3601) * 1000, now * 1000, 3600, 300)?.code).toBe('timestamp_too_old')
    expect(outsideWindow((now + 301) * 1000, now * 1000, 3600, 300)?.code).toBe('timestamp_in_future')
  })
})
