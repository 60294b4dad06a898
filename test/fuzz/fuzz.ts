/** `npm run fuzz`: every target for its share of SECONDS_OF_FUZZ, from SEED_OF_FUZZ or a new seed. Fails at a finding. */
import { runTarget } from './run-target.ts'
import { targets, type TargetName } from './targets.ts'

const seconds = Number(process.env['SECONDS_OF_FUZZ'] ?? 60)
const seed = Number(process.env['SEED_OF_FUZZ'] ?? Date.now() % 2 ** 31)
const names = Object.keys(targets) as TargetName[]

console.log(`seed ${seed}, ${seconds} s`)
for (const name of names) {
  const { iterations, finding } = await runTarget(name, seed, seconds / names.length)
  console.log(`${name}: ${iterations} inputs, ${finding === undefined ? 'nothing found' : `input ${finding.inputFile}: ${finding.what}`}`)
  if (finding !== undefined) process.exitCode = 1
}
