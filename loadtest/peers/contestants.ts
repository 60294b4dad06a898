/** The servers that are compared: ours and the peers, each in its recommended way and its best setting. */
import { join } from 'node:path'
import { packageRoot } from '../../models/package-root.ts'
import type { BodyForm } from '../bodies.ts'
import type { Command } from './process-group.ts'
import { findPeerPython, pinnedVersion, pythonFolder } from './virtual-environment.ts'

export interface ServeOptions {
  /** Model directory. */
  readonly model: string
  readonly port: number
  readonly workers: number
}

export interface Target {
  readonly name: string
  readonly version: string
  /** Settings, in words. */
  readonly setting: string
  readonly body: BodyForm
  readonly path: string
  /** Headers in addition to the body's own, which they replace. */
  readonly headers: Readonly<Record<string, string>>
  readonly command: (options: ServeOptions) => Promise<Command>
}

/** Our service as it is deployed. All users come from one address here, so its limit for one client is off. */
export function ghostServe (body: BodyForm, version: string): Target {
  return {
    name: 'GhostServe',
    version,
    setting: 'the defaults, and MALLOC_ARENA_MAX=2 as in the image; no limit for one address, no log line per request',
    body,
    path: '/classify',
    headers: {},
    command: async ({ model, port, workers }) => ({
      program: process.execPath,
      args: [join(packageRoot, 'api/bootstrap.cjs'), 'serve'],
      env: {
        HOST: '127.0.0.1',
        PORT: String(port),
        MODEL: model,
        WORKERS: String(workers),
        MAX_CLIENT_IMAGES: '0',
        LOG_LEVEL: 'warn',
        DRAIN_DELAY_MS: '0',
        MALLOC_ARENA_MAX: '2',
      },
      cwd: packageRoot,
    }),
  }
}

interface Peer extends Omit<Target, 'version' | 'command' | 'headers'> {
  readonly requirements: string
  readonly distribution: string
  readonly headers?: Readonly<Record<string, string>>
  readonly args: (port: number, workers: number) => readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

const mosec = {
  requirements: 'mosec',
  distribution: 'mosec',
  body: 'raw',
  path: '/inference',
  args: (port: number) => ['serve_mosec.py', '--address', '127.0.0.1', '--port', String(port), '--timeout', '60000', '--log-level', 'warning'],
} as const

const uvicorn = (port: number, workers: number): string[] =>
  ['-m', 'uvicorn', 'serve_fastapi:app', '--host', '127.0.0.1', '--port', String(port), '--workers', String(workers), '--no-access-log', '--log-level', 'warning']

const bentoServe = (port: number): string[] => ['-m', 'bentoml', 'serve', 'serve_bentoml:Classifier', '--host', '127.0.0.1', '--port', String(port)]

const allPeers: readonly Peer[] = [
  { ...mosec, name: 'mosec', setting: 'a process per core that decodes and runs, batches of up to 8 within 10 ms' },
  {
    ...mosec,
    name: 'mosec, short wait',
    setting: 'a process per core that decodes and runs, batches of up to 8 within 1 ms',
    env: { PEER_WAIT_MS: '1' },
  },
  {
    ...mosec,
    name: 'mosec, two stages',
    setting: 'a process per core that decodes and one that runs, batches of up to 8 within 10 ms',
    env: { PEER_STAGES: '2' },
  },
  {
    name: 'FastAPI',
    requirements: 'fastapi',
    distribution: 'fastapi',
    setting: 'uvicorn with uvloop and httptools, a process per core, no batches',
    body: 'raw',
    path: '/classify',
    args: uvicorn,
  },
  {
    name: 'Triton',
    requirements: 'triton',
    distribution: 'nvidia-pytriton',
    setting: 'PyTriton, two instances of the model in Python, dynamic batches of up to 8 without delay',
    body: 'raw',
    path: '/v2/models/classify/infer',
    headers: { 'content-type': 'application/octet-stream', 'Inference-Header-Content-Length': '0' },
    args: () => ['serve_triton.py'],
  },
  {
    name: 'LitServe',
    requirements: 'litserve',
    distribution: 'litserve',
    setting: 'a worker per core, batches of up to 8 within 2 ms',
    body: 'multipart',
    path: '/classify',
    args: () => ['serve_litserve.py'],
  },
  {
    name: 'BentoML',
    requirements: 'bentoml',
    distribution: 'bentoml',
    setting: 'a process per core, no batches',
    body: 'multipart',
    path: '/classify',
    args: bentoServe,
  },
  {
    name: 'BentoML, batches',
    requirements: 'bentoml',
    distribution: 'bentoml',
    setting: 'a process per core, adaptive batches of up to 8',
    body: 'multipart',
    path: '/classify-batched',
    args: bentoServe,
  },
  {
    name: 'FastAPI, form',
    requirements: 'fastapi',
    distribution: 'fastapi',
    setting: 'uvicorn with uvloop and httptools, a process per core, no batches',
    body: 'multipart',
    path: '/classify-form',
    args: uvicorn,
  },
]

export const peers: readonly Target[] = allPeers.map(({ requirements, distribution, args, env = {}, headers = {}, ...rest }) => ({
  ...rest,
  headers,
  version: pinnedVersion(requirements, distribution),
  command: async ({ model, port, workers }) => ({
    program: await findPeerPython(requirements),
    args: args(port, workers),
    env: {
      PEER_MODEL: model,
      PEER_PORT: String(port),
      PEER_WORKERS: String(workers),
      BENTOML_DO_NOT_TRACK: 'true',
      ...env,
    },
    cwd: pythonFolder,
  }),
}))

/** A peer with our graph or with Pillow's shortcut, to measure each gain separately. */
export function withVariables (peer: Target, name: string, variables: Readonly<Record<string, string>>): Target {
  return {
    ...peer,
    name: `${peer.name}, ${name}`,
    command: async (options) => {
      const command = await peer.command(options)
      return { ...command, env: { ...command.env, ...variables } }
    },
  }
}
