/**
 * `npm run check:regression`: the regression check must catch 2 ms of sleep that are put into decoding, and name that stage.
 * PAIRS and SECONDS make it longer than its short form.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { buildCheckout, checkOut } from '../../loadtest/checkouts.ts'
import { runPairs } from '../../loadtest/paired-runs.ts'
import { judgeChanges, measureChanges } from '../../loadtest/regression.ts'

const pairs = Number(process.env['PAIRS'] ?? 8)
const seconds = Number(process.env['SECONDS'] ?? 2)
const tolerance = 0.03
const patched = 'api/engine/session-worker.ts'
const before = 'const isDecoded = decoder !== false &&'
const sleep = 'await new Promise((resolve) => setTimeout(resolve, 2))'

const say = (sentence: string): void => { process.stdout.write(`${sentence}\n`) }

await using base = await checkOut('HEAD')
await using head = await checkOut('HEAD')
const path = join(head.root, patched)
const source = readFileSync(path, 'utf8')
if (source.split(before).length !== 2) throw new Error(`Expected ${JSON.stringify(before)} once in ${patched}: adapt this check to where decoding is now.`)
writeFileSync(path, source.replace(before, `${sleep}\n    ${before}`))
for (const { root } of [base, head]) await buildCheckout(root)

const changes = measureChanges(await runPairs(base.root, head.root, { pairs, seconds, model: 'bundled', say }))
const { regressions, stage } = judgeChanges(changes, tolerance)
for (const { name, base: from, head: to, low, high } of changes) {
  say(`${name.padEnd(20)} ${from.toFixed(2).padStart(9)} ${to.toFixed(2).padStart(9)}   ${low.toFixed(3)} to ${high.toFixed(3)}`)
}
say(`caught: ${regressions.map(({ name }) => name).join(', ') || 'nothing'}; stage: ${stage ?? 'none'}`)
process.exitCode = regressions.length > 0 && stage === 'decode' ? 0 : 1
