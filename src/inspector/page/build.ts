import { mkdirSync, writeFileSync } from 'node:fs'
import { page } from './assets'

/** Puts the page into the package, in both formats, as strings: found by every bundler, and read from no disk. */
const folder = new URL('../../../dist/inspector/', import.meta.url)
mkdirSync(folder, { recursive: true })
writeFileSync(new URL('page.js', folder), `export const page = ${JSON.stringify(page)}\n`)
writeFileSync(new URL('page.cjs', folder), `exports.page = ${JSON.stringify(page)}\n`)
