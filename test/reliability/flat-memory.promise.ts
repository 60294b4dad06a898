import { imageCases } from '../hostile/cases/images.ts'
import { multipartCases } from '../hostile/cases/multipart.ts'
import { exchange } from '../hostile/exchange.ts'
import { deployed, ServerProcess } from '../server-process.ts'
import { keepPromise } from './keep-promise.ts'
import { runLoad } from './load.ts'
import { photoRequest, smallPhoto } from './photos.ts'
import { bounds } from './promises.ts'
import { flatMemoryEnvironment } from './allocator.ts'
import { quantile } from './statistics.ts'

const requestsOfSlice = 1000
/** Warm-up, in which the heap and its buffers grow: measured once, the 15,000th request had as much as the 100,000th. */
const warmSlices = 15
const slices = warmSlices + 20
/** Resident memory jumps by some 30 MiB between slices, as buffers come and go: a level is the median of as many. */
const slicesOfLevel = 5
const clients = 16
/** Larger ones take long to send and are measured elsewhere. */
const largestWire = 200_000

keepPromise('flat-memory', async (t) => {
  const server = await ServerProcess.start({ MAX_CLIENT_IMAGES: '0', ...flatMemoryEnvironment }, { entry: deployed })
  t.after(() => server.stop())
  server.forgetLog()
  if (server.residentMiB() === undefined) return 'there is no /proc'
  const wires = [photoRequest(await smallPhoto())]
  const all = await Promise.all([...imageCases, ...multipartCases].map(async ({ wire }) => await wire()))
  const hostile = all.filter(({ length }) => length < largestWire)
  const residentMiB: number[] = []
  let failed = 0
  for (let slice = 0; slice < slices; slice++) {
    for (const wire of hostile) await exchange(server.port, wire)
    const outcomes = await runLoad({ port: server.port, wires, clients, requests: requestsOfSlice - hostile.length })
    failed += outcomes.filter(({ status }) => status !== 200).length
    residentMiB.push(server.residentMiB()!)
    t.diagnostic(`${(slice + 1) * requestsOfSlice} requests: ${residentMiB.at(-1)!.toFixed(0)} MiB`)
  }
  const warm = quantile(residentMiB.slice(warmSlices - slicesOfLevel, warmSlices), 0.5)
  const last = quantile(residentMiB.slice(-slicesOfLevel), 0.5)
  const growth = last - warm
  return {
    measured: `${warm.toFixed(0)} MiB after ${requestsOfSlice * warmSlices} requests, ${last.toFixed(0)} MiB after ${requestsOfSlice * slices} ` +
      `(${growth < 0 ? '' : '+'}${growth.toFixed(0)} MiB, ${(100 * growth / warm).toFixed(1)} %), ${hostile.length * slices} of them hostile`,
    checks: {
      'memory is flat': growth < Math.max(bounds.growthMiB, warm * bounds.growthPercent / 100),
      'every photo is answered': failed === 0,
    },
  }
})
