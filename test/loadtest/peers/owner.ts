/** A process that owns a family and a folder, and prints its pids and the path; then it waits, or fails if told so. */
import { makeTemporaryFolder } from '../../../loadtest/peers/leave-nothing.ts'
import { MarkedProcess } from '../../../loadtest/peers/marked-process.ts'
import { familyOf, waitFor } from './family.ts'

const family = new MarkedProcess(familyOf('ends when told'))
await waitFor(() => family.pids().length === 3)
process.stdout.write(`${JSON.stringify({ pids: family.pids(), folder: makeTemporaryFolder().path })}\n`)
if (process.argv[2] === 'fail') throw new Error('on purpose')
setInterval(() => {}, 1000)
