import type { Job } from './jobs'

/** What a worker answers a question of the process that started it. */
export type Answers = (question: never) => Promise<unknown>

/** A role begins, and says where it listens and what it answers. */
export interface Role {
  readonly port: number
  readonly answer?: Answers
}

const job = JSON.parse(process.argv[2] ?? '') as Job
const { port, answer = async () => undefined } = await begin(job)
process.on('message', ({ number, question }: { number: number; question: never }) => {
  answer(question).then(
    (answer) => process.send?.({ number, answer }),
    (error: unknown) => {
      console.error(error)
      process.exit(1)
    },
  )
})
// Who started us is gone: nobody would end us.
process.on('disconnect', () => process.exit())
process.send?.({ number: 0, answer: port })

async function begin(job: Job): Promise<Role> {
  switch (job.role) {
    case 'serve':
      return (await import('./workers/serve')).serve(job)
    case 'claim':
      return (await import('./workers/claim')).claim(job)
    case 'storm':
      return (await import('./workers/storm')).storm(job)
    case 'handoff':
      return (await import('./workers/hand-off')).handOver(job)
    case 'powertools':
      return (await import('./workers/powertools')).powertools(job)
  }
}
