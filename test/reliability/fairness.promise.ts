/** Two clients are two addresses of the loopback network. */
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { deployed, ServerProcess } from '../server-process.ts'
import { readFixture } from '../fixtures/index.ts'
import { open } from '../hostile/exchange.ts'
import { keepPromise } from './keep-promise.ts'
import { startLoad, runLoad } from './load.ts'
import { photoRequest, smallPhoto } from './photos.ts'
import { countOutcomes, latencies, quantile } from './statistics.ts'

const seconds = Number(process.env['FAIRNESS_SECONDS'] ?? 15)
const greedyClients = 76
const politeClients = 4 // 5 % of them
const [greedy, polite] = ['127.0.0.1', '127.0.0.2']
/** Connections that send a request and disconnect at once, again and again. */
const leavers = 32
const leaveMs = 20

/** Sends a large photo and disconnects, until `over`: what cannot be stopped goes on without a client. */
async function askAndLeave (port: number, over: AbortSignal): Promise<void> {
  const wire = photoRequest(readFixture('twelve-megapixels.jpg'))
  while (!over.aborted) {
    const socket = await open(port) // from the greedy client's address
    socket.write(wire)
    await Promise.race([sleep(leaveMs), once(socket, 'close')])
    socket.resetAndDestroy()
  }
}

keepPromise('fairness', async (t) => {
  const server = await ServerProcess.start({ MAX_CLIENT_IMAGES: '32', MAX_QUEUE_SIZE: '64' }, { entry: deployed })
  t.after(() => server.stop())
  server.forgetLog()
  const target = { port: server.port, wires: [photoRequest(await smallPhoto())] }
  const load = await startLoad({ ...target, clients: greedyClients, localAddress: greedy })
  const beside = await runLoad({ ...target, clients: politeClients, localAddress: polite, seconds })
  load.stop()
  const greedyOutcomes = await load.outcomes

  const over = new AbortController()
  const leaving = Promise.all(Array.from({ length: leavers }, async () => await askAndLeave(server.port, over.signal)))
  const besideLeavers = await runLoad({ ...target, clients: politeClients, localAddress: polite, seconds })
  over.abort()
  await leaving

  const isServed = ({ status }: { status: number }): boolean => status === 200
  return {
    measured: `next to ${greedyClients} greedy clients of one address (${countOutcomes(greedyOutcomes)}): ${countOutcomes(beside)}, ` +
      `p99 ${quantile(latencies(beside), 0.99).toFixed(0)} ms; next to ${leavers} that disconnect and send again: ${countOutcomes(besideLeavers)}, ` +
      `p99 ${quantile(latencies(besideLeavers), 0.99).toFixed(0)} ms`,
    checks: {
      'every request of the other client is answered': beside.length > 0 && beside.every(isServed),
      'the greedy one is held to its share': greedyOutcomes.some(({ status }) => status === 429),
      'also next to one that disconnects': besideLeavers.length > 0 && besideLeavers.every(isServed),
    },
  }
})
