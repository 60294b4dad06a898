/** Encoded bytes to labels without HTTP, pinned to one core and to two. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { packageRoot } from '../../../models/package-root.ts'
import { LabError } from '../../lab-error.ts'
import { ProcessGroup } from '../process-group.ts'
import { spreadOf, type Spread } from '../ratio.ts'

/** Images/s on two cores over images/s on one. @throws LabError `BAD_RESULT` where there are no two cores, or no `taskset`. */
export async function measureCoreScaling (
  model: string, photos: readonly string[], rounds: number, seconds: number
): Promise<{ ratio: Spread, one: Spread, two: Spread }> {
  const [first, second] = parseCoreList(/^Cpus_allowed_list:\s*(\S+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '')
  if (second === undefined) throw new LabError('BAD_RESULT', 'Expected two cores to compare with one.')
  const one: number[] = []
  const two: number[] = []
  for (let round = 0; round < rounds; round++) {
    one.push(await measure([first!], model, photos, seconds))
    two.push(await measure([first!, second], model, photos, seconds))
  }
  return { ratio: spreadOf(two.map((rate, i) => rate / one[i]!)), one: spreadOf(one), two: spreadOf(two) }
}

/** @param list - In the form of Linux: `0-1,4`. */
export function parseCoreList (list: string): number[] {
  return list.split(',').filter((range) => range !== '').flatMap((range) => {
    const [from = NaN, to = from] = range.split('-').map(Number)
    return Array.from({ length: to - from + 1 }, (_, i) => from + i)
  })
}

async function measure (cores: readonly number[], model: string, photos: readonly string[], seconds: number): Promise<number> {
  const pipeline = new ProcessGroup({
    program: 'taskset',
    args: [
      '-c', cores.join(','), process.execPath, join(packageRoot, 'api/bootstrap.cjs'), 'run',
      join(packageRoot, 'dist/loadtest/peers/bars/in-process.js'), model, String(seconds), ...photos,
    ],
  })
  const { imagesPerSecond } = parseReport(await pipeline.end())
  return imagesPerSecond
}

function parseReport (log: string): { imagesPerSecond: number } {
  try {
    return JSON.parse(log) as { imagesPerSecond: number }
  } catch (cause) {
    throw new LabError('BAD_RESULT', `Expected images/s of the pipeline, got: ${log}`, { cause })
  }
}
