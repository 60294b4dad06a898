/** The process of `startLoad`. */
import { once } from 'node:events'
import { setPriority } from 'node:os'
import { sendLoad, type Load } from './load.ts'

const [load] = await once(process, 'message') as [Load]
setPriority(load.niceness ?? 10)
const stopped = new AbortController()
process.on('message', () => stopped.abort())
const outcomes = sendLoad({ ...load, wires: load.wires.map((wire) => Buffer.from(wire)) }, stopped.signal)
process.send!('started')
process.send!(await outcomes, () => process.disconnect())
