/** Completion in the shells themselves. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import test from 'node:test'
import { catalog } from '../../../models/published/catalog.ts'
import { ghostserve } from './ghostserve.ts'

const hasShell = (shell: string): boolean => {
  const isThere = spawnSync(shell, ['-c', 'true']).error === undefined
  if (!isThere) process.stderr.write(`!!! SKIPPED: there is no ${shell}, so its completion was not tried\n`)
  return isThere
}

function run (shell: string, script: string, code: string): string[] {
  const { status, stdout, stderr } = spawnSync(shell, ['-c', `${script}\n${code}`], { encoding: 'utf8' })
  assert.deepEqual([status, stderr], [0, ''], code)
  return stdout.split('\n').filter((line) => line !== '')
}

test('bash completes commands, options and their values, and leaves files to itself', async () => {
  const { stdout: script } = await ghostserve('completion', 'bash')
  const complete = (...words: string[]): string[] => run('bash', script,
    `COMP_WORDS=(ghostserve ${words.map((word) => `'${word}'`).join(' ')}) COMP_CWORD=${words.length}; _ghostserve; printf '%s\\n' "\${COMPREPLY[@]}"`)
  const commands = complete('')
  const help = (await ghostserve('--help')).stdout
  assert.deepEqual(commands, [...help.slice(help.indexOf('Commands:')).matchAll(/^ {2}([a-z]+) /gm)].map(([, command]) => command))
  assert.ok(commands.includes('completion'))
  assert.deepEqual(complete('ev'), ['evaluate'])
  assert.deepEqual(complete('--v'), ['--version'])
  assert.deepEqual(complete('classify', 'bundled', '--fo'), ['--format'])
  assert.deepEqual(complete('classify', '--format', ''), ['table', 'jsonl', 'csv'])
  assert.deepEqual(complete('classify', '--top-k', ''), [])
  assert.deepEqual(complete('classify', ''), [])
  assert.deepEqual(complete('completion', ''), ['bash', 'zsh', 'fish'])
  assert.deepEqual(complete('pull', ''), catalog.map(({ name }) => name))
  assert.deepEqual(complete('classify', '$(echo --out)'), [], 'nothing in the line is evaluated')
  assert.deepEqual(run('bash', script, 'complete -p ghostserve'), ['complete -o default -F _ghostserve ghostserve'])
})

test('zsh reads its script, and registers it', { skip: !hasShell('zsh') && 'there is no zsh' }, async () => {
  const { stdout: script } = await ghostserve('completion', 'zsh')
  assert.deepEqual(run('zsh', `autoload -U compinit; compinit -D -u\n${script}`, 'print $_comps[ghostserve]'), ['_ghostserve'])
  // What the script would hand to zsh's own functions, as zsh reads it.
  const calls = `_describe() { print -l -- \${(P)2} }; _arguments() { print -l -- "$@" }\n${script.replace(/^if .*$/m, '')}`
  const complete = (...words: string[]): string[] => run('zsh', calls, `words=(ghostserve ${words.join(' ')} ''); CURRENT=$#words; _ghostserve`)
  assert.ok(complete().some((line) => line.startsWith('evaluate:Measure top-1')))
  const classify = complete('classify')
  assert.ok(classify.includes('--format[how labels are printed]:value:(table jsonl csv)'), classify.join('\n'))
  assert.ok(classify.includes('(-k --top-k)--top-k[predictions an image]:value:_files'))
  assert.ok(complete('completion').includes('*:choice:(bash zsh fish)'))
})

test('fish completes commands, options and their values', { skip: !hasShell('fish') && 'there is no fish' }, async () => {
  const { stdout: script } = await ghostserve('completion', 'fish')
  const complete = (line: string): string[] => run('fish', script, `complete -C '${line}'`).map((completion) => completion.split('\t')[0]!)
  assert.deepEqual(complete('ghostserve ev'), ['evaluate'])
  assert.deepEqual(complete('ghostserve classify bundled --fo'), ['--format'])
  assert.deepEqual(complete('ghostserve classify --format ').sort(), ['csv', 'jsonl', 'table'])
  assert.deepEqual(complete('ghostserve completion ').sort(), ['bash', 'fish', 'zsh'])
})

test('another shell is refused by name', async () => {
  const { exitCode, stderr } = await ghostserve('completion', 'tcsh')
  assert.equal(exitCode, 2)
  assert.match(stderr, /'tcsh' is invalid for argument 'shell'\. Allowed choices are bash, zsh, fish\./)
})
