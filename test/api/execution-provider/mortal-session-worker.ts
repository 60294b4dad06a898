/** The session worker, which dies when it is told to. */
import { BroadcastChannel } from 'node:worker_threads'
import '../../../api/engine/session-worker.ts'

const orders = new BroadcastChannel('die')
orders.onmessage = () => process.exit(1)
;(orders as BroadcastChannel & { unref: () => void }).unref()
