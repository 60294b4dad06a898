/** Services in the states in which they reject what they would take in another. */
import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { readFixture } from '../../fixtures/index.ts'
import { faultyEnvironment, stalledEnvironment } from '../../reliability/inject-faults.ts'
import { ServerProcess } from '../../server-process.ts'
import { open } from '../exchange.ts'
import { upload } from '../wire.ts'

export const modelName = 'ghostnet_050_tin200'

interface State {
  readonly environment?: (folder: string) => Readonly<Record<string, string>>
  /** Its sessions are never made, so that images wait until their deadline. */
  readonly isStalled?: boolean
  /** So many photos wait for a session all the time. */
  readonly waitingPhotos?: number
  readonly isDraining?: boolean
}

const states = {
  ordinary: {},
  'small images': { environment: () => ({ MAX_IMAGE_BYTES: '20000' }) },
  'small requests': { environment: () => ({ MAX_REQUEST_BYTES: '25000' }) },
  'little memory for bodies': { environment: () => ({ REQUEST_MEMORY_BYTES: '5000' }) },
  'little memory': { environment: () => ({ MAX_RESIDENT_BYTES: '1' }) },
  keys: { environment: (folder) => ({ API_KEYS_FILE: writeKeys(folder) }) },
  faults: { environment: () => ({ ...faultyEnvironment, MAX_BATCH_SIZE: '1', MAX_CLIENT_IMAGES: '0' }) },
  'slow decoding': {
    environment: () => ({ DECODE_TIMEOUT_SECONDS: '1', MAX_IMAGE_PIXELS: '200000000', MAX_IMAGE_SIDE: '16000', DECODE_MEMORY_BYTES: '2000000000', SHUTDOWN_TIMEOUT_MS: '60000' }),
  },
  'full queue': { isStalled: true, waitingPhotos: 2, environment: () => ({ MAX_QUEUE_SIZE: '2', MAX_IMAGES: '1', MAX_CLIENT_IMAGES: '0' }) },
  'full share': { isStalled: true, waitingPhotos: 1, environment: () => ({ MAX_CLIENT_IMAGES: '1' }) },
  'no session': { isStalled: true, environment: () => ({ MAX_QUEUE_SIZE: '10000', MAX_CLIENT_IMAGES: '0' }) },
  draining: { isDraining: true, environment: () => ({ DRAIN_DELAY_MS: '600000', SHUTDOWN_TIMEOUT_MS: '600000' }) },
} satisfies Record<string, State>

export type ServerName = keyof typeof states

export const serverNames = Object.keys(states) as ServerName[]

export interface OpenedServer {
  readonly server: ServerProcess
  /** Sends the signal that ends it, and what keeps it from ending is over. */
  readonly end: () => void
  readonly close: () => Promise<void>
}

export async function openServer (name: ServerName): Promise<OpenedServer> {
  const { environment, isStalled = false, waitingPhotos = 0, isDraining = false }: State = states[name]
  const folder = mkdtempSync(join(tmpdir(), 'ghostserve-rejections-'))
  const { environment: stalled, release } = stalledEnvironment(folder)
  // Longer than a test: requests that wait shall wait.
  const server = new ServerProcess({ LOG_LEVEL: 'debug', REQUEST_TIMEOUT_MS: '60000', ...environment?.(folder), ...(isStalled && stalled) })
  await (isStalled ? server.listening() : server.ready())
  const waiting = await Promise.all(Array.from({ length: waitingPhotos }, async () => {
    const socket = await open(server.port)
    socket.write(upload(readFixture('exif-1.jpg')))
    return socket
  }))
  while (await server.metric('ghostserve_images_in_work') < waiting.length) await sleep(20)
  if (isDraining) {
    server.signal('SIGTERM')
    await server.line('closing')
  }
  return {
    server,
    end: () => {
      server.signal('SIGTERM')
      for (const socket of waiting) socket.destroy()
      release()
    },
    close: async () => {
      for (const socket of waiting) socket.destroy()
      await server.stop()
      rmSync(folder, { recursive: true })
    },
  }
}

function writeKeys (folder: string): string {
  const path = join(folder, 'keys')
  writeFileSync(path, `team-a ${createHash('sha256').update('secret').digest('hex')}\n`)
  return path
}
