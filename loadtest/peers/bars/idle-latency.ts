/** Latency of an idle service over that of the same decoding and graph without a service, in alternating blocks of requests. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { Agent, request } from 'node:http'
import { fileURLToPath } from 'node:url'
import { LabError } from '../../lab-error.ts'
import { ghostServe } from '../contestants.ts'
import { spreadOf, type Spread } from '../ratio.ts'
import { withServer, type RunOptions } from '../turn.ts'

const blockLength = 40

export async function measureIdleLatency (
  options: Pick<RunOptions, 'model' | 'workers' | 'bodies'>, blocks: number
): Promise<{ ratio: Spread, serviceMs: Spread, bareMs: Spread }> {
  const photo = options.bodies[0]!.path
  const body = await readFile(photo)
  const bare = fork(fileURLToPath(new URL('./bare-pipeline.js', import.meta.url)), [options.model, photo, String(blockLength)])
  try {
    const timeBare = async (): Promise<number> => {
      bare.send('block')
      const [milliseconds] = await Promise.race([once(bare, 'message'), once(bare, 'exit')]) as [number[] | number | null]
      if (!Array.isArray(milliseconds)) throw new LabError('BAD_RESULT', `Expected the bare pipeline to answer, but it ended with ${milliseconds}.`)
      return spreadOf(milliseconds).median
    }
    return await withServer(ghostServe('raw', ''), options, async ({ url, headers }) => {
      const agent = new Agent({ keepAlive: true, maxSockets: 1 })
      const timeService = async (): Promise<number> => {
        const milliseconds: number[] = []
        for (let i = 0; i < blockLength; i++) {
          const startedAt = performance.now()
          await send(url, { agent, method: 'POST', headers: { ...headers, 'content-length': body.length } }, body)
          milliseconds.push(performance.now() - startedAt)
        }
        return spreadOf(milliseconds).median
      }
      const service: number[] = []
      const alone: number[] = []
      await timeService() // warm
      await timeBare()
      for (let block = 0; block < blocks; block++) {
        service.push(await timeService())
        alone.push(await timeBare())
      }
      agent.destroy()
      return { ratio: spreadOf(service.map((ms, i) => ms / alone[i]!)), serviceMs: spreadOf(service), bareMs: spreadOf(alone) }
    })
  } finally {
    if (bare.connected) bare.disconnect()
    if (bare.exitCode === null && bare.signalCode === null) await once(bare, 'exit')
  }
}

async function send (url: string, options: object, body: Buffer): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const outgoing = request(url, options, (response) => {
      if (response.statusCode !== 200) reject(new LabError('BAD_RESULT', `Expected 200 from ${url}, got ${response.statusCode}.`))
      response.resume().once('end', () => resolve()).once('error', reject)
    })
    outgoing.once('error', reject)
    outgoing.end(body)
  })
}
