import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import { ApiKeys, readApiKeys } from '../../../../api/http/plugins/key-file.ts'
import { packageRoot } from '../../../../models/package-root.ts'

const sha256 = (key: string): string => createHash('sha256').update(key).digest('hex')

test('a key is known by its digest; comments, empty lines, CRLF and capitals in digests are as good', () => {
  const keys = new ApiKeys(`# clients\n\nteam-a ${sha256('first')}\r\n  team.b\t${sha256('second').toUpperCase()}\n`, 'keys')
  assert.equal(keys.identify('first'), 'team-a')
  assert.equal(keys.identify('second'), 'team.b')
  for (const wrong of ['', 'First', 'first ', sha256('first')]) assert.equal(keys.identify(wrong), undefined)
})

test('an id may have several keys, so that one can replace another while both are active', () => {
  const keys = new ApiKeys(`team-a ${sha256('old')}\nteam-a ${sha256('new')}`, 'keys')
  assert.deepEqual([keys.identify('old'), keys.identify('new')], ['team-a', 'team-a'])
})

const good = `team-a ${sha256('first')}`
const malformed: Record<string, string> = {
  'a digest too short': `${good}\nteam-b ${sha256('x').slice(1)}`,
  'a digest that is none': `${good}\nteam-b ${'g'.repeat(64)}`,
  'no id': `${good}\n${sha256('x')}`,
  'a third word': `${good}\nteam-b ${sha256('x')} # mine`,
  'an id that does not fit a log': `${good}\nteam"b ${sha256('x')}`,
  'a key instead of its digest': `${good}\nteam-b very-secret`,
}
for (const [what, text] of Object.entries(malformed)) {
  test(`${what} is an error that names the line and shows nothing of it`, () => {
    assert.throws(() => new ApiKeys(text, '/run/keys'), {
      code: 'CONFIG_INVALID',
      message: 'Expected line 2 of /run/keys to be a key id and a SHA-256 of 64 hexadecimal digits, got something else.',
    })
  })
}

test('a file without keys is an error: it would lock everyone out', () => {
  assert.throws(() => new ApiKeys('# later\n', 'keys'), { code: 'CONFIG_INVALID', message: 'Expected at least one key in keys, got none.' })
})

test('a file that is not there is an error', () => {
  assert.throws(() => readApiKeys('/nonexistent'), {
    code: 'CONFIG_INVALID', message: 'Expected API_KEYS_FILE to be a file that can be read, got "/nonexistent": ENOENT.',
  })
})

test('the guide\'s command makes a key and the line for it', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'ghostserve-keys-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const [command] = /^node -e .*keys\.txt/m.exec(readFileSync(join(packageRoot, 'docs/how-to/protect-with-keys.md'), 'utf8'))!
  const makeKey = (): string => execFileSync('sh', ['-c', `{ ${command}; } 2>&1`], { cwd: folder, encoding: 'utf8' }).trim()
  const made = [makeKey(), makeKey()]
  assert.ok(made.every((key) => key.length >= 43) && made[0] !== made[1])
  const keys = readApiKeys(join(folder, 'keys.txt'))
  assert.deepEqual(made.map((key) => keys.identify(key)), ['team-a', 'team-a'])
})
