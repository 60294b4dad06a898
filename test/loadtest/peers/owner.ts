/** A process that owns a family and prints its pids; then it waits, or fails if told so. */
import { MarkedProcess } from '../../../loadtest/peers/marked-process.ts'
import { familyOf, waitFor } from './family.ts'

const family = new MarkedProcess(familyOf('ends when told'))
await waitFor(() => family.pids().length === 3)
process.stdout.write(`${JSON.stringify(family.pids())}\n`)
if (process.argv[2] === 'fail') throw new Error('on purpose')
setInterval(() => {}, 1000)
