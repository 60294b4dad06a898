/** 16 users in a closed loop for 60 s (SECONDS_OF_LOAD), and /livez probed every 100 ms from a process of its own. */
import sharp from 'sharp'
import { readFixture } from '../fixtures/index.ts'
import { filePart, formBody, formType, request } from '../hostile/wire.ts'
import { deployed, ServerProcess } from '../server-process.ts'
import { keepPromise } from './keep-promise.ts'
import { startLoad } from './load.ts'
import { bounds } from './promises.ts'
import { countOutcomes, latencies, quantile } from './statistics.ts'

const users = 16
const probeIntervalMs = 100
const seconds = Number(process.env['SECONDS_OF_LOAD'] ?? 60)
const keepAlive = 'Connection: keep-alive'

/** JPEGs as cameras and web pages have them, of 451 x 300, 600 x 400 and 500 x 375 pixels, in forms. */
async function photoForms (): Promise<Buffer[]> {
  const [chelsea, coffee] = [readFixture('chelsea.png'), readFixture('coffee.png')]
  const sources = [sharp(chelsea), sharp(coffee), sharp(chelsea).resize(500, 375), sharp(coffee).resize(500, 375)]
  const photos = await Promise.all(sources.map((source) => source.jpeg({ quality: 92 }).toBuffer()))
  return photos.map((photo) => request({ fields: [formType, keepAlive], body: formBody([filePart(photo)]) }))
}

keepPromise('event-loop', async (t) => {
  const server = await ServerProcess.start({}, { entry: deployed })
  t.after(() => server.stop())
  const probe = request({ method: 'GET', target: '/livez', fields: [keepAlive] })
  const [load, probing] = await Promise.all([
    startLoad({ port: server.port, wires: await photoForms(), clients: users, seconds }),
    startLoad({ port: server.port, wires: [probe], clients: 1, pauseMs: probeIntervalMs, seconds, niceness: 0 }),
  ])
  const [answers, probes] = await Promise.all([load.outcomes, probing.outcomes])
  server.signal('SIGTERM')
  const exitCode = await server.exitCode()

  const batchSizes = server.lines.map(({ batchSize }) => Number(batchSize ?? 0)).filter((size) => size > 0)
  const shared = 100 * batchSizes.filter((size) => size > 1).length / batchSizes.length
  const failed = answers.filter(({ status }) => status !== 200)
  const livezMs = quantile(latencies(probes), 0.999)
  return {
    measured: `${(answers.length / seconds).toFixed(0)} requests/s, ${failed.length} failed${failed.length > 0 ? ` (${countOutcomes(failed)})` : ''}, ` +
      `p50 ${quantile(latencies(answers), 0.5).toFixed(0)} ms, p99 ${quantile(latencies(answers), 0.99).toFixed(0)} ms; ` +
      `${shared.toFixed(0)} % in batches of 2 to ${Math.max(...batchSizes)}; /livez p99.9 ${livezMs.toFixed(1)} ms of ${probes.length} probes`,
    checks: {
      'no failed request': failed.length === 0 && answers.length > 0,
      'batches form by themselves': Math.max(...batchSizes) > 1,
      'probes are answered': probes.every(({ status }) => status === 200) && livezMs < bounds.livezMs,
      'the service ends with 0': exitCode === 0,
    },
  }
})
