/**
 * Every command of every page runs, in its order, and prints what the page shows, or the page says by what else it is run, or why
 * no test can run it: `npm run test:docs`.
 */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'
import { makeRandomModel } from '../../loadtest/random-model.ts'
import { packageRoot } from '../../models/package-root.ts'
import { Collector } from '../api/plugins/otlp-collector.ts'
import { readCommands, type CommandBlock } from './page-commands.ts'
import { PageShell } from './page-shell.ts'

const folders = ['docs', 'infra', 'models', 'loadtest', 'test']
const pages = [
  ...readdirSync(packageRoot),
  ...folders.flatMap((folder) => readdirSync(join(packageRoot, folder), { recursive: true, encoding: 'utf8' }).map((path) => join(folder, path))),
].filter((path) => path.endsWith('.md')).sort()
const read = (page: string): string => readFileSync(join(packageRoot, page), 'utf8')

/** Files that pages take for their reader's own: the bundled model's weights and two photos of its classes, or weights for 1000 classes. */
const readersFiles: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'README.md': {
    'my-checkpoint.pth': 'models/bundled/model.safetensors',
    'my-labels.txt': 'models/bundled/labels.json',
    'validation/n07920052/coffee.png': 'test/fixtures/coffee.png',
    'validation/n02124075/chelsea.png': 'test/fixtures/chelsea.png',
  },
  'models/README.md': {
    'checkpoint.pth': join(await makeRandomModel('ghostnet_050'), 'model.safetensors'),
    // Not the checkpoint, which is not in the repository: what was compiled of it.
    'ghostnet_050_tin200_37_epochs.pth': 'models/bundled/model.safetensors',
  },
}

/** A score that another processor's layout rounds differently is the same. */
const tolerance = 1e-3

/** The page's collector, and the traces that its requests belong to. */
const documentedCollector = 'http://localhost:4318'
const documentedTraces = (blocks: readonly CommandBlock[]): string[] =>
  blocks.flatMap(({ code }) => [...code.matchAll(/traceparent: 00-(\w{32})-/g)].map(([, traceId]) => traceId!))

const { scripts } = JSON.parse(read('package.json')) as { scripts: Readonly<Record<string, string>> }

const hasCurl = spawnSync('curl', ['--version']).error === undefined
if (!hasCurl) process.stderr.write('!!! SKIPPED: there is no curl, so no command of docs/ was run\n')

for (const page of pages) {
  const blocks = readCommands(read(page))
  if (blocks.length === 0) continue
  test(page, { skip: !hasCurl && 'there is no curl' }, async (t) => {
    const collector = new Collector()
    const { OTEL_EXPORTER_OTLP_ENDPOINT: collectorUrl } = await collector.open(t)
    const shell = new PageShell(readersFiles[page], { [documentedCollector]: collectorUrl })
    try {
      for (const block of blocks) await testBlock(t, page, block, shell)
    } finally {
      await shell.close() // a service that ends sends the traces that it still has
    }
    const traces = new Set(collector.spans.map(({ traceId }) => traceId))
    for (const documented of documentedTraces(blocks)) assert.ok(traces.has(documented), `no span of ${documented} came to the collector`)
  })
}

async function testBlock (t: TestContext, page: string, block: CommandBlock, shell: PageShell): Promise<void> {
  const name = `line ${block.line}: ${block.code.split('\n').at(-1)!.slice(0, 80)}`
  if (block.skipped !== undefined) process.stderr.write(`!!! SKIPPED: ${page}, ${name}: ${block.skipped}\n`)
  if (block.runBy !== undefined) {
    await t.test(`${name}: by ${block.runBy}`, () => assert.ok(block.runBy! in scripts, `package.json has no ${block.runBy}`))
  } else await t.test(name, { skip: block.skipped ?? false }, async () => check(block, await shell.run(block.code)))
}

test('every npm script that a page names exists', () => {
  const named = pages.flatMap((page) => [...read(page).matchAll(/npm run (?:--silent )?([\w:-]+)/g)].map(([, script]) => ({ page, script: script! })))
  assert.ok(named.length > 40, `${named.length} scripts`)
  for (const { page, script } of named) assert.ok(script in scripts, `${page}: npm run ${script}`)
})

function check ({ shown }: CommandBlock, printed: string): void {
  if (shown?.language === 'json') {
    const expected: unknown = JSON.parse(shown.content)
    assert.deepEqual(forgive(JSON.parse(printed), expected), expected)
  } else if (shown !== undefined) assert.equal(printed.trim(), shown.content.trim())
}

/** What was printed, but with the shown request ids, which are drawn, and shown numbers that are near enough. */
function forgive (printed: unknown, shown: unknown): unknown {
  if (typeof printed === 'number' && typeof shown === 'number') return Math.abs(printed - shown) < tolerance ? shown : printed
  if (typeof printed !== 'object' || printed === null || typeof shown !== 'object' || shown === null) return printed
  if (Array.isArray(printed)) return printed.map((item, i) => forgive(item, (shown as unknown[])[i]))
  return Object.fromEntries(Object.entries(printed).map(([key, member]) =>
    [key, key === 'requestId' ? (shown as { requestId: unknown }).requestId : forgive(member, (shown as Record<string, unknown>)[key])]))
}

test('a printed answer may differ from the shown one by rounding and by the request id only', () => {
  const shown = { requestId: 'a', results: [{ label: 'x', score: 0.5 }] }
  assert.deepEqual(forgive({ requestId: 'b', results: [{ label: 'x', score: 0.5001 }] }, shown), shown)
  assert.notDeepEqual(forgive({ requestId: 'a', results: [{ label: 'x', score: 0.6 }] }, shown), shown)
})
