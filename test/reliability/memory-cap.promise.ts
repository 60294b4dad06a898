import { existsSync } from 'node:fs'
import sharp from 'sharp'
import { readFixture } from '../fixtures/index.ts'
import { handMadeJpeg, type HandMadeJpeg } from '../hostile/inputs/hand-made-jpeg.ts'
import { codeGroups, losslessWebp } from '../hostile/inputs/webp.ts'
import { upload } from '../hostile/wire.ts'
import { deployed, ServerProcess } from '../server-process.ts'
import { flatMemoryEnvironment } from './allocator.ts'
import { keepPromise } from './keep-promise.ts'
import { startLoad } from './load.ts'
import { openMemoryCage } from './memory-cage.ts'
import { photoRequest, smallPhoto } from './photos.ts'
import { countOutcomes } from './statistics.ts'

const cageBytes = 512 * 1024 * 1024
const seconds = Number(process.env['BOMB_SECONDS'] ?? 30)
const bombClients = 12
const goodClients = 4
/** The larger ones are rejected by their headers; the smaller ones are decoded, as many at a time as there is memory for. */
const sides = [7000, 3400]

const inks = [0x11, 0x11, 0x11, 0x11]
/** JPEGs of some hundred bytes, of which libjpeg keeps all coefficients. */
const structures: ReadonlyArray<Omit<HandMadeJpeg, 'width' | 'height'>> = [
  { scans: [[1], [2], [3]] },
  { marker: 0xc2 },
  { samplings: inks, scans: [[1], [2], [3], [4]] },
  { marker: 0xc2, samplings: inks },
  { marker: 0xc9, scans: [[1], [2], [3]] },
]

/** Images that must be decoded as a whole. */
async function bombs (): Promise<Buffer[]> {
  return (await Promise.all(sides.map(async (side) => {
    const picture = sharp({ create: { width: side, height: side, channels: 3, background: 'teal' } })
    return [
      upload(await picture.clone().webp().toBuffer(), 'image/webp'),
      upload(await picture.clone().jpeg({ progressive: true }).toBuffer()),
      upload(await picture.clone().png({ progressive: true }).toBuffer(), 'image/png'),
      upload(losslessWebp(side, side, codeGroups(side, side, 2 ** 16)), 'image/webp'),
      ...structures.map((structure) => upload(handMadeJpeg({ width: side, height: side, ...structure }))),
    ]
  }))).flat()
}

keepPromise('memory-cap', async (t) => {
  if (!existsSync('/sys/fs/cgroup')) return 'there are no control groups here'
  const cage = openMemoryCage(cageBytes)
  if (typeof cage === 'string') return cage
  const environment = { MAX_CLIENT_IMAGES: '0', ...flatMemoryEnvironment }
  const server = new ServerProcess(environment, { entry: deployed, launcher: cage.launcher })
  t.after(async () => {
    await server.stop()
    cage.remove()
  })
  await server.ready()
  server.forgetLog()
  const good = [photoRequest(await smallPhoto()), photoRequest(readFixture('twelve-megapixels.jpg'))]
  const [bombing, asking] = [
    await startLoad({ port: server.port, wires: await bombs(), clients: bombClients, seconds }),
    await startLoad({ port: server.port, wires: good, clients: goodClients, seconds }),
  ]
  let largestMiB = 0
  const timer = setInterval(() => { largestMiB = Math.max(largestMiB, server.isAlive ? server.residentMiB()! : 0) }, 50)
  const [bombed, asked] = await Promise.all([bombing.outcomes, asking.outcomes])
  clearInterval(timer)
  const kills = cage.oomKills()
  return {
    measured: `${kills} OOM kills, at most ${largestMiB.toFixed(0)} MiB resident; good photos: ${countOutcomes(asked)}; bombs: ${countOutcomes(bombed)}`,
    checks: {
      'no OOM kill': kills === 0 && server.isAlive,
      'good photos get 200 or 503': asked.every(({ status }) => status === 200 || status === 503),
      'some are answered': asked.some(({ status }) => status === 200),
      'no bomb ends a connection': bombed.every(({ status }) => status !== 0 && status !== 500),
    },
  }
})
