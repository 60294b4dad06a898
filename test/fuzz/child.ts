/**
 * One target, over and over, in a process that may crash: `child.js TARGET SEED SECONDS PROGRESS_FILE`.
 * Before every input its number is in the progress file, so that the parent can make the input again.
 */
import { openSync, writeSync } from 'node:fs'
import { targets, type Target, type TargetName } from './targets.ts'

const [name, seedText, secondsText, progressFile] = process.argv.slice(2)
const target: Target = targets[name as TargetName]
const seed = Number(seedText)
const endsAt = performance.now() + Number(secondsText) * 1000
const progress = openSync(progressFile!, 'w')

let iteration = 0
for (; performance.now() < endsAt; iteration++) {
  writeSync(progress, String(iteration).padEnd(12), 0)
  try {
    await target.read(target.makeInput(seed, iteration))
  } catch (error) {
    if (target.isDocumented(error)) continue
    process.stderr.write(`${String((error as Error).stack)}\n`)
    process.exit(1)
  }
}
writeSync(progress, String(iteration).padEnd(12), 0)
