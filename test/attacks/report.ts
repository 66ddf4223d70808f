import { mkdirSync, writeFileSync } from 'node:fs'
import { documentUrl, writeDocument } from './document'

/** Plays all attacks and writes docs/threat-model.md: `npm run threat-model`. */
const { text, failures } = await writeDocument()
mkdirSync(new URL('.', documentUrl), { recursive: true })
writeFileSync(documentUrl, text)
console.log(text.slice(text.indexOf('| row')))
for (const failure of failures) console.error(failure)
process.exit(failures.length === 0 ? 0 : 1)
