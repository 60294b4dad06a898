// `npm test`: words among the arguments select the files whose path holds one of them; options go to `node --test`.
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')

/** Take minutes by themselves, or install what they need, so they run only when a word asks for them. */
const askedFor = [
  'dist/test/api/bootstrap', 'dist/test/api/cli/', 'dist/test/api/client/browser', 'dist/test/api/playground/browser', 'dist/test/docs/commands',
  'dist/test/hostile/', 'dist/test/image/', 'dist/test/infra/tiers/', 'dist/test/training/',
]

/** One file per core: Node takes one less, but half of a test's time is spent in waiting for a service. */
const filesAtOnce = `--test-concurrency=${availableParallelism()}`

const args = process.argv.slice(2)
const options = args.filter((arg) => arg.startsWith('-'))
const words = args.filter((arg) => !arg.startsWith('-')).map((word) => word.replace(/\.ts$/, '.js'))
// Found by the sources: what was built of a removed test stays in dist/.
const files = readdirSync(join(root, 'test'), { recursive: true }).filter((path) => path.endsWith('.test.ts'))
  .map((path) => `dist/test/${path.replace(/\.ts$/, '.js')}`)
  .filter((path) => words.length === 0 ? !askedFor.some((folder) => path.startsWith(folder)) : words.some((word) => path.includes(word)))
  .sort()
if (files.length === 0) {
  console.error(`There is no test to run: no file of test/ matches ${words.join(' or ') || '*.test.ts'}.`)
  process.exit(1)
}
const { status } = spawnSync(process.execPath, ['--enable-source-maps', '--test', '--test-reporter=spec', filesAtOnce, ...options, ...files], {
  cwd: root, stdio: 'inherit',
})
process.exitCode = status ?? 1
