/** Whatever lies where a command was told to write, and is not its own: the command says so at once, and leaves everything as it was. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { chmodSync, copyFileSync, cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { describe, test } from 'node:test'
import { packageRoot } from '../../../models/package-root.ts'
import { bundledModelDirectory } from '../../../models/manifest/model-store.ts'
import { fixturePath, goldenPath } from '../../fixtures/index.ts'
import { commandLine, type Result } from './ghostserve.ts'
import { snapshot } from './snapshot.ts'

interface Command {
  readonly args: (path: string, inputs: string) => readonly string[]
  /** What it writes at the path. Something that is no file is not put in the place of a file in a folder of the command's own. */
  readonly writes: 'file' | 'folder'
  /** Whether it continues the file, if that is its own. */
  readonly continues?: true
  /** Instead of `ghostserve`. */
  readonly program?: string
  readonly env?: (path: string) => NodeJS.ProcessEnv
}

const labelsOfTen = (inputs: string): string => join(inputs, 'labels.json')
const checkpoint = goldenPath('checkpoints', 'torch-legacy.pth')
const evaluateInto = (path: string, inputs: string): string[] => ['evaluate', 'bundled', '--data', join(inputs, 'data'), '--out', dirname(path)]
const load = join(packageRoot, 'dist/loadtest/main.js')

/** Every path that a program of the project is told to write at. */
const commands: Readonly<Record<string, Command>> = {
  'classify --out': { writes: 'file', continues: true, args: (path, inputs) => ['classify', 'bundled', '--list', join(inputs, 'list.txt'), '--out', path] },
  'inspect --html': { writes: 'file', args: (path) => ['inspect', checkpoint, '--html', path] },
  'evaluate --out: images.jsonl': { writes: 'file', args: evaluateInto },
  'evaluate --out: evaluation.json': { writes: 'file', args: evaluateInto },
  'evaluate --out: report.html': { writes: 'file', args: evaluateInto },
  'evaluate --out': { writes: 'folder', args: (path, inputs) => ['evaluate', 'bundled', '--data', join(inputs, 'data'), '--out', path] },
  'build --out': { writes: 'folder', args: (path, inputs) => ['build', checkpoint, '--labels', labelsOfTen(inputs), '--crop-size', '64', '--out', path] },
  'pull into MODEL_DIR': { writes: 'folder', args: () => ['pull', 'ghostnet_100'], env: (path) => ({ MODEL_DIR: dirname(path) }) },
  'loadtest --history': { writes: 'file', continues: true, program: load, args: (path) => ['--profile', 'smoke', '--history', path] },
  'loadtest --dashboard': {
    writes: 'file',
    program: load,
    args: (path, inputs) => ['--profile', 'smoke', '--history', join(inputs, 'history.jsonl'), '--dashboard', path],
  },
  'loadtest:report --out': {
    writes: 'file',
    program: join(packageRoot, 'dist/loadtest/report/main.js'),
    args: (path, inputs) => ['--history', join(inputs, 'history.jsonl'), '--out', path],
  },
}

/** At which name the command writes, where it chooses it. */
const nameOf = (command: string): string => command.split(': ')[1] ?? (command.startsWith('pull') ? 'ghostnet_100' : 'output')

/** Put something at the path; where a link leads is `elsewhere`. */
type Occupy = (path: string, elsewhere: string) => void

const files: Readonly<Record<string, Occupy>> = {
  'a text whose last line is not ended': (path) => writeFileSync(path, 'my notes\nlast line'),
  JSON: (path) => writeFileSync(path, '{"file":"a.jpg"}\n'),
  'a page': (path) => writeFileSync(path, '<!doctype html>\n<html lang="en"><title>Mine</title>\n'),
  'an image': (path) => copyFileSync(fixturePath('chelsea.png'), path),
  'a link to a file': (path, elsewhere) => {
    writeFileSync(elsewhere, 'my notes\nlast line')
    symlinkSync(elsewhere, path)
  },
}

/** Files that are nearly JSON lines, for commands that continue files. */
const almostLines: Readonly<Record<string, Occupy>> = {
  'one character': (path) => writeFileSync(path, 'a'),
  'JSON without a line\'s end': (path) => writeFileSync(path, '{"file":"a.jpg"'),
  'a line of null': (path) => writeFileSync(path, 'null\n'),
  'empty lines': (path) => writeFileSync(path, '\n\n'),
  'a checkpoint': (path) => copyFileSync(checkpoint, path),
}

const others: Readonly<Record<string, Occupy>> = {
  'a folder': (path) => {
    mkdirSync(path)
    writeFileSync(join(path, 'thesis.txt'), 'mine')
  },
  'a link to a folder': (path, elsewhere) => {
    mkdirSync(elsewhere)
    writeFileSync(join(elsewhere, 'thesis.txt'), 'mine')
    symlinkSync(elsewhere, path)
  },
  'a link to nothing': (path) => symlinkSync('nothing', path),
  'a link to itself': (path) => symlinkSync(basename(path), path),
}

/** `evaluate` takes a folder that has other files, too; none of them is its. */
const isTaken = (command: string, what: string): boolean => !(command === 'evaluate --out' && what.endsWith('a folder'))

/** Root may write everywhere. */
const somebody = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {}

async function run ({ program = commandLine, args, env }: Command, path: string, inputs: string): Promise<Result> {
  const cache = { XDG_CACHE_HOME: join(inputs, 'cache') }
  return await new Promise((resolve) => {
    const options = { ...somebody, env: { ...process.env, ...cache, ...env?.(path) } }
    execFile(process.execPath, [program, ...args(path, inputs)], options, (error, stdout, stderr) => {
      resolve({ exitCode: error === null ? 0 : Number(error.code), stdout, stderr })
    })
  })
}

function prepare (): { root: string, inputs: string, outputs: string } {
  const root = mkdtempSync(join(tmpdir(), 'ghostserve-outputs-'))
  const [inputs, outputs] = [join(root, 'inputs'), join(root, 'outputs')]
  mkdirSync(join(inputs, 'data/espresso'), { recursive: true })
  mkdirSync(outputs)
  copyFileSync(fixturePath('coffee.png'), join(inputs, 'data/espresso/coffee.png'))
  writeFileSync(join(inputs, 'list.txt'), 'data/espresso/coffee.png\n')
  writeFileSync(labelsOfTen(inputs), JSON.stringify(Array.from({ length: 10 }, (_, i) => `class ${i}`)))
  copyFileSync(join(packageRoot, 'loadtest/results/history.jsonl'), join(inputs, 'history.jsonl'))
  for (const path of [root, outputs, inputs, join(inputs, 'history.jsonl')]) chmodSync(path, 0o777)
  return { root, inputs, outputs }
}

async function refuses (name: string, occupy: Occupy, isOpen = true): Promise<void> {
  const { root, inputs, outputs } = prepare()
  try {
    const path = join(outputs, nameOf(name))
    occupy(path, join(root, 'elsewhere'))
    // It is the content that protects a file, not its permissions.
    if (isOpen) for (const entry of Object.keys(snapshot(root))) chmodIfThere(join(root, entry))
    const before = snapshot(root)
    const { exitCode, stdout, stderr } = await run(commands[name]!, path, inputs)
    assert.match(stderr, /^Expected [^\n]*\n$/)
    assert.deepEqual([exitCode, stdout], [2, ''])
    assert.deepEqual(snapshot(root), before)
  } finally {
    chmodSync(outputs, 0o777)
    rmSync(root, { recursive: true })
  }
}

function chmodIfThere (path: string): void {
  try {
    chmodSync(path, 0o777)
  } catch {} // a link to nothing
}

for (const [name, { writes, continues }] of Object.entries(commands)) {
  describe(`${name} leaves as it was`, { concurrency: 2 }, () => {
    for (const [what, occupy] of Object.entries({ ...files, ...continues && almostLines, ...others })) {
      if (isTaken(name, what)) test(what, async () => await refuses(name, occupy))
    }
    test('a folder in which nothing may be written', async () => await refuses(name, (path) => chmodSync(dirname(path), 0o555), false))
    test('what is below a file', async () => await refuses(name, (path) => {
      rmSync(dirname(path), { recursive: true })
      writeFileSync(dirname(path), 'mine')
    }))
    test(`a file-system without ${writes}s of that name`, async () => {
      const { root, inputs, outputs } = prepare()
      const before = snapshot(root)
      const path = join(outputs, 'x'.repeat(300), nameOf(name))
      const { exitCode, stderr } = await run(commands[name]!, path, inputs)
      assert.match(stderr, /^Expected [^\n]* its name is too long\.\n$/)
      assert.equal(exitCode, 2)
      assert.deepEqual(snapshot(root), before)
      rmSync(root, { recursive: true })
    })
  })
}

test('a file that the command made and that may not be written stays', async () => {
  for (const name of ['classify --out', 'inspect --html', 'loadtest:report --out']) {
    const { root, inputs, outputs } = prepare()
    const path = join(outputs, 'output')
    const made = await run(commands[name]!, path, inputs)
    assert.equal(made.exitCode, 0, made.stderr)
    chmodSync(path, 0o444)
    const before = snapshot(root)
    const { exitCode, stderr } = await run(commands[name]!, path, inputs)
    assert.match(stderr, /^Expected a path that can be written, but [^\n]* is not: it may not be written\.\n$/)
    assert.equal(exitCode, 2)
    assert.deepEqual(snapshot(root), before)
    rmSync(root, { recursive: true })
  }
})

test('a temperature that could not be stored is not fitted', async () => {
  const { root, inputs, outputs } = prepare()
  const model = join(outputs, 'model')
  cpSync(bundledModelDirectory, model, { recursive: true })
  chmodSync(model, 0o555)
  chmodSync(join(model, 'manifest.json'), 0o444)
  const before = snapshot(root)
  const args = (): string[] => ['evaluate', model, '--data', join(inputs, 'data'), '--fit-temperature']
  const { exitCode, stderr } = await run({ writes: 'file', args }, model, inputs)
  assert.match(stderr, /^Expected a path that can be written, [^\n]*manifest\.json is not: it may not be written\.\n$/)
  assert.equal(exitCode, 2)
  assert.deepEqual(snapshot(root), before)
  chmodSync(model, 0o777)
  rmSync(root, { recursive: true })
})

test('a device and a pipe are no files to be replaced', async () => {
  for (const path of ['/dev/null', '/dev/stdout']) {
    for (const name of ['classify --out', 'inspect --html', 'loadtest --history', 'loadtest:report --out']) {
      const { root, inputs } = prepare()
      const { exitCode, stderr } = await run(commands[name]!, path, inputs)
      assert.match(stderr, /^Expected [^\n]*\n$/, `${name} ${path}`)
      assert.equal(exitCode, 2)
      rmSync(root, { recursive: true })
    }
  }
})

test('an input is no output', async () => {
  const { root, inputs } = prepare()
  chmodSync(inputs, 0o777)
  for (const [program, args] of [
    [commandLine, ['classify', 'bundled', '--list', 'list.txt', '--out', 'list.txt']],
    [commandLine, ['inspect', 'weights.pth', '--html', 'weights.pth']],
    [commandLine, ['build', 'weights.pth', '--labels', 'labels.json', '--crop-size', '64', '--out', 'weights.pth']],
    [commandLine, ['build', 'weights.pth', '--labels', 'labels.json', '--crop-size', '64', '--out', '.']],
    [commandLine, ['evaluate', 'bundled', '--data', 'data/espresso/coffee.png', '--out', 'data/espresso/coffee.png']],
    [join(packageRoot, 'dist/loadtest/report/main.js'), ['--history', 'history.jsonl', '--out', 'history.jsonl']],
  ] as const) {
    copyFileSync(checkpoint, join(inputs, 'weights.pth'))
    const before = snapshot(root)
    const { exitCode, stderr } = await new Promise<Result>((resolve) => {
      execFile(process.execPath, [program, ...args], { cwd: inputs }, (error, stdout, stderr) => {
        resolve({ exitCode: error === null ? 0 : Number(error.code), stdout, stderr })
      })
    })
    assert.match(stderr, /^Expected [^\n]*\n$/)
    assert.equal(exitCode, 2, args.join(' '))
    assert.deepEqual(snapshot(root), before)
  }
  rmSync(root, { recursive: true })
})
