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

const requests = 20_000
const slices = 20
/** Until then caches and the heap grow into their places. */
const warmSlices = 5
/** Resident memory jumps by some 30 MiB between slices, as buffers come and go: a level is the median of as many. */
const slicesOfLevel = 3
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
    const outcomes = await runLoad({ port: server.port, wires, clients, requests: requests / slices - hostile.length })
    failed += outcomes.filter(({ status }) => status !== 200).length
    residentMiB.push(server.residentMiB()!)
    t.diagnostic(`${(slice + 1) * requests / slices} requests: ${residentMiB.at(-1)!.toFixed(0)} MiB`)
  }
  const warm = quantile(residentMiB.slice(warmSlices - slicesOfLevel, warmSlices), 0.5)
  const last = quantile(residentMiB.slice(-slicesOfLevel), 0.5)
  const growth = last - warm
  return {
    measured: `${warm.toFixed(0)} MiB after ${requests / slices * warmSlices} requests, ${last.toFixed(0)} MiB after ${requests} ` +
      `(${growth < 0 ? '' : '+'}${growth.toFixed(0)} MiB, ${(100 * growth / warm).toFixed(1)} %), ${hostile.length * slices} of them hostile`,
    checks: {
      'memory is flat': growth < Math.max(bounds.growthMiB, warm * bounds.growthPercent / 100),
      'every photo is answered': failed === 0,
    },
  }
})
