/** `ghostserve classify` as it is run: what it takes images from, and how it prints their labels. */
import assert from 'node:assert/strict'
import { execFile, spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'
import { promisify } from 'node:util'
import { fixturePath } from '../../../fixtures/index.ts'
import { commandLine, ghostserve, ghostserveReading } from '../ghostserve.ts'

interface Line {
  noneOfThese?: boolean
  file: string
  predictions?: Array<{ label: string, wnid: string, classIndex: number, score: number }>
  error?: { code: string, detail: string }
}

const coffee = fixturePath('coffee.png')
const chelsea = fixturePath('chelsea.png')

function scratch (t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'ghostserve-classify-'))
  t.after(() => rmSync(directory, { recursive: true }))
  return directory
}

const linesOf = (stdout: string): Line[] => stdout.trimEnd().split('\n').map((line) => JSON.parse(line) as Line)

test('patterns that no shell expanded are expanded; a file with such a name is that file', async (t) => {
  const folder = scratch(t)
  mkdirSync(join(folder, 'a/b'), { recursive: true })
  for (const name of ['a/b/two.png', 'a/one.png', 'a/one.gif', '[x].png']) cpSync(coffee, join(folder, name))
  const filesOf = async (...args: string[]): Promise<string[]> => {
    const { stdout, stderr, exitCode } = await ghostserve('classify', 'bundled', '--format', 'jsonl', '-k', '1', ...args)
    assert.equal(exitCode, 0, stderr)
    return linesOf(stdout).map(({ file }) => file)
  }
  assert.deepEqual(await filesOf(`${folder}/**/*.png`), ['[x].png', 'a/b/two.png', 'a/one.png'].map((name) => join(folder, name)))
  assert.deepEqual(await filesOf(`${folder}/a/{one,two}.p?g`, join(folder, '[x].png')), ['a/one.png', '[x].png'].map((name) => join(folder, name)))
  const { exitCode, stdout, stderr } = await ghostserve('classify', 'bundled', `${folder}/**/*.jpg`)
  assert.deepEqual([exitCode, stdout, stderr], [2, '', `Expected files that match "${folder}/**/*.jpg", got none.\n`])
})

test('"-" is one image on standard input', async () => {
  const { exitCode, stdout } = await ghostserveReading(readFileSync(coffee), 'classify', 'bundled', '-', chelsea, '--format', 'jsonl', '-k', '1')
  assert.equal(exitCode, 0)
  assert.deepEqual(linesOf(stdout).map(({ file, predictions }) => [file, predictions![0]!.label]), [['-', 'espresso'], [chelsea, 'Egyptian cat']])

  const none = await ghostserveReading('', 'classify', 'bundled', '-', '--format', 'jsonl')
  assert.equal(none.exitCode, 1)
  assert.equal(linesOf(none.stdout)[0]!.error!.code, 'empty_body')
  const twice = await ghostserve('classify', 'bundled', '-', '-')
  assert.deepEqual([twice.exitCode, twice.stderr], [2, 'Expected "-" once: standard input is one image.\n'])
})

test('--list - reads paths from standard input; what fails has one sentence, and the others their labels', async () => {
  const { exitCode, stdout } = await ghostserveReading(`${coffee}\nmissing.png\r\n\n${fixturePath('README.md')}\n${chelsea}`,
    'classify', 'bundled', '--list', '-', '--format', 'jsonl', '-k', '1')
  assert.equal(exitCode, 1)
  const lines = linesOf(stdout)
  assert.deepEqual(lines.map(({ file, predictions, error }) => [file, predictions?.[0]?.label ?? error?.code]), [
    [coffee, 'espresso'], ['missing.png', 'ENOENT'], [fixturePath('README.md'), 'unsupported_media'], [chelsea, 'Egyptian cat'],
  ])
  assert.match(lines[1]!.error!.detail, /^Expected a file that can be read, but .*missing\.png does not exist\.$/)
  const shard = await ghostserveReading(`${coffee}\n${chelsea}\n`, 'classify', 'bundled', '--list', '-', '--shard', '1/2', '--format', 'jsonl', '-k', '1')
  assert.deepEqual(linesOf(shard.stdout).map(({ file }) => file), [chelsea])
})

test('--format csv has a row a label, and quotes what needs it', async (t) => {
  const name = join(scratch(t), 'a "cup", black.png')
  cpSync(coffee, name)
  const { exitCode, stdout, stderr } = await ghostserve('classify', 'bundled', name, 'missing.png', '-k', '2', '--format', 'csv')
  assert.equal(exitCode, 1)
  assert.equal(stderr, 'missing.png: Expected a file that can be read, but missing.png does not exist.\n')
  const { stdout: json } = await ghostserve('classify', 'bundled', name, '-k', '2', '--format', 'jsonl')
  const rows = linesOf(json)[0]!.predictions!.map(({ label, wnid, classIndex, score }, i) =>
    `"${name.replaceAll('"', '""')}",${i + 1},${label},${wnid},${classIndex},${score}\n`)
  assert.equal(stdout, `file,rank,label,wnid,classIndex,score\n${rows.join('')}`)
})

test('--min-score leaves out labels with a lower score, and says where none is left', async () => {
  const { exitCode, stdout } = await ghostserve('classify', 'bundled', coffee, chelsea, '--format', 'jsonl', '--min-score', '0.9')
  assert.equal(exitCode, 0)
  const [cup, cat] = linesOf(stdout)
  assert.deepEqual([cup!.predictions!.length, cup!.noneOfThese, cat!.predictions, cat!.noneOfThese], [1, false, [], true])
  const { stdout: table } = await ghostserve('classify', 'bundled', chelsea, '--min-score', '0.9')
  assert.equal(table, `${chelsea}\n  none of these classes\n\n`)
  const { stdout: rows, stderr } = await ghostserve('classify', 'bundled', chelsea, '--min-score', '0.9', '--format', 'csv')
  assert.deepEqual([rows, stderr], ['file,rank,label,wnid,classIndex,score\n', `${chelsea}: none of these classes\n`])
  assert.equal((await ghostserve('classify', 'bundled', chelsea, '--min-score', '2')).exitCode, 2)
})

test('a photo in the model\'s place is told so', async () => {
  const { exitCode, stderr } = await ghostserve('classify', coffee, chelsea)
  assert.deepEqual([exitCode, stderr], [2, `Expected a model before the image files: ghostserve classify bundled ${coffee}\n`])
})

test('options that contradict each other are rejected', async () => {
  for (const [args, sentence] of [
    [[coffee, '--json', '--format', 'csv'], /'--json' cannot be used with option '--format <name>'/],
    [['--list', '-', '--out', 'x.jsonl', '--format', 'csv'], /'--out <file>' cannot be used with option '--format <name>'/],
    [[coffee, '--out', 'x.jsonl'], /^Expected --out with a --list\.$/m],
    [[coffee, '--list', '-'], /^Expected image files or a --list of them, got both\.$/m],
    [[], /^Expected image files, or a --list of them\.$/m],
  ] as const) {
    const { exitCode, stdout, stderr } = await ghostserve('classify', 'bundled', ...args)
    assert.deepEqual([exitCode, stdout], [2, ''])
    assert.match(stderr, sentence)
  }
})

test('a reader that has enough, as head, is no error', async () => {
  const files = Array<string>(60).fill(coffee)
  const { stdout, stderr } = await promisify(execFile)('bash', ['-c', 'set -o pipefail; "$@" | head -n 1', 'bash',
    process.execPath, commandLine, 'classify', 'bundled', '--format', 'jsonl', ...files])
  assert.equal(linesOf(stdout).length, 1)
  assert.equal(stderr, '')
})

const terminal = process.platform === 'linux' && spawnSync('script', ['--version']).error === undefined
if (!terminal) process.stderr.write('!!! SKIPPED: there is no script(1) of util-linux, so no progress bar was looked at\n')

test('a terminal sees how far it is, unless it sees the labels', { skip: !terminal && 'no script(1)' }, async (t) => {
  const output = join(scratch(t), 'out.jsonl')
  const see = async (redirection: string): Promise<string> => {
    const command = `'${process.execPath}' '${commandLine}' classify bundled '${coffee}' '${chelsea}' --format jsonl -k 1 ${redirection}`
    return (await promisify(execFile)('script', ['-qec', command, '/dev/null'])).stdout
  }
  assert.match(await see(`> '${output}'`), /2 of 2 images/)
  assert.equal(linesOf(readFileSync(output, 'utf8')).length, 2)
  assert.doesNotMatch(await see(''), /of 2 images/)
  assert.doesNotMatch(await see(`> '${output}' 2> /dev/null`), /of 2 images/)
})
