import { connectMany } from '../hostile/cases/slow.ts'
import { request } from '../hostile/wire.ts'
import { deployed, ServerProcess } from '../server-process.ts'
import { keepPromise } from './keep-promise.ts'
import { runLoad, type Load } from './load.ts'
import { photoRequest, smallPhoto } from './photos.ts'
import { bounds } from './promises.ts'
import { countOutcomes, latencies, quantile } from './statistics.ts'

const slowHeads = 300
const slowBodies = 200
const trickleMs = 200
/** Below the time after which the service cuts slow clients off. */
const seconds = 8

keepPromise('slow-clients', async (t) => {
  const server = await ServerProcess.start({}, { entry: deployed })
  t.after(() => server.stop())
  server.forgetLog()
  const good: Load = { port: server.port, wires: [photoRequest(await smallPhoto())], clients: 2, pauseMs: 10, seconds }
  await runLoad({ ...good, seconds: 2 }) // warm
  const before = await runLoad(good)
  const slow = [
    ...await connectMany(server.port, slowHeads, 'POST /classify HTTP/1.1\r\nHost: localhost\r\nX: '),
    ...await connectMany(server.port, slowBodies, request({ fields: ['Content-Type: image/jpeg', 'Content-Length: 10000'], body: '' })),
  ]
  const timer = setInterval(() => { for (const { socket } of slow) if (socket.writable) socket.write('x') }, trickleMs)
  const beside = await runLoad(good)
  clearInterval(timer)
  for (const { socket } of slow) socket.destroy()
  const [p99Before, p99Beside] = [before, beside].map((outcomes) => quantile(latencies(outcomes), 0.99)) as [number, number]
  return {
    measured: `p99 ${p99Before.toFixed(1)} ms before, ${p99Beside.toFixed(1)} ms next to ${slow.length} slow connections ` +
      `(${(p99Beside / p99Before).toFixed(2)}x); ${countOutcomes(beside)}`,
    checks: {
      'as fast as before': p99Beside <= p99Before * bounds.slowClientsFactor,
      'all answered': beside.every(({ status }) => status === 200),
    },
  }
})
