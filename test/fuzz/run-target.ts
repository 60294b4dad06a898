import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { packageRoot } from '../../models/package-root.ts'
import { targets, type TargetName } from './targets.ts'

export interface FuzzOutcome {
  readonly target: TargetName
  readonly iterations: number
  /** What went wrong and the file with the input that did it. */
  readonly finding?: { readonly what: string, readonly inputFile: string }
}

const heapMiB = 512
/** Bound on private memory, decoders' included; reserved address space does not count. */
const dataBytes = 3 * 1024 ** 3
/** An input that takes longer hangs. */
const hangMs = 20_000
const watchIntervalMs = 500
/** Node's exit code where nothing is left to do but what is awaited. */
const unsettled = 13
const prlimit = '/usr/bin/prlimit'

/**
 * Fuzzes one target in a process with limits on memory and on the time that an input may take.
 *
 * @returns After `seconds`, or at the first finding, whose input is written to the temporary directory.
 */
export async function runTarget (target: TargetName, seed: number, seconds: number): Promise<FuzzOutcome> {
  const directory = mkdtempSync(join(tmpdir(), 'ghostserve-fuzz-'))
  const progressFile = join(directory, 'progress')
  const readProgress = (): number => existsSync(progressFile) ? Number(readFileSync(progressFile, 'utf8')) : 0

  const command = [process.execPath, `--max-old-space-size=${heapMiB}`, '--enable-source-maps', join(packageRoot, 'dist/test/fuzz/child.js'),
    target, String(seed), String(seconds), progressFile]
  const limited = existsSync(prlimit) ? [prlimit, `--data=${dataBytes}`, '--core=0', ...command] : command
  const child = spawn(limited[0]!, limited.slice(1), { stdio: ['ignore', 'ignore', 'pipe'] })
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => { stderr += text })

  let hangs = false
  let last = { iteration: -1, at: performance.now() }
  const watch = setInterval(() => {
    const iteration = readProgress()
    if (iteration !== last.iteration) last = { iteration, at: performance.now() }
    else if (performance.now() - last.at > hangMs) {
      hangs = true
      child.kill('SIGKILL')
    }
  }, watchIntervalMs)
  const [exitCode, signal] = await once(child, 'close') as [number | null, NodeJS.Signals | null]
  clearInterval(watch)

  const iterations = readProgress()
  if (exitCode === 0) {
    rmSync(directory, { recursive: true })
    return { target, iterations }
  }
  const inputFile = join(directory, `${target}-${seed}-${iterations}`)
  writeFileSync(inputFile, targets[target].makeInput(seed, iterations))
  const what = hangs || exitCode === unsettled
    ? `no answer, however long one waits (${hangMs} ms at most)`
    : signal === null ? `exit with ${exitCode}: ${stderr}` : `crash by ${signal}: ${stderr}`
  return { target, iterations, finding: { what, inputFile } }
}
