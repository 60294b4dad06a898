/** Processor time per image of what no Python server can avoid: Pillow's decode and resize, and the plain graph at its best batch. */
import { availableParallelism } from 'node:os'
import { LabError } from '../../lab-error.ts'
import { ProcessGroup } from '../process-group.ts'
import { findPeerPython, pythonFolder } from '../virtual-environment.ts'

interface BareTimes {
  /** CPU ms per image. */
  readonly prepareMs: number
  /** CPU ms per image by batch size. */
  readonly runMs: Readonly<Record<string, number>>
}

/** CPU ms per image, on all cores at once, as under load. @throws LabError `BAD_RESULT` if Python fails. */
export async function measureBarePython (model: string, photos: readonly string[], seconds: number): Promise<number> {
  const program = await findPeerPython('fastapi')
  const processes = Array.from({ length: availableParallelism() }, () => new ProcessGroup({
    program,
    args: ['bare.py', String(seconds), ...photos],
    env: { PEER_MODEL: model, PEER_WORKERS: '1' },
    cwd: pythonFolder,
  }))
  const logs = await Promise.all(processes.map(async (process) => await process.end()))
  const times = logs.map((log) => bestOf(parseTimes(log)))
  return times.reduce((sum, ms) => sum + ms, 0) / times.length
}

export function bestOf ({ prepareMs, runMs }: BareTimes): number {
  return prepareMs + Math.min(...Object.values(runMs))
}

function parseTimes (log: string): BareTimes {
  try {
    return JSON.parse(log) as BareTimes
  } catch (cause) {
    throw new LabError('BAD_RESULT', `Expected times of Pillow and onnxruntime, got: ${log}`, { cause })
  }
}
