import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import test, { suite, type TestContext } from 'node:test'
import { pack, type Headers } from 'tar-stream'
import { listLabelledImages } from '../../../../api/cli/evaluate/list-labelled-images.ts'

const labels = ['zero', 'one', 'two'].map((label) => ({ label }))

type Member = [header: string | (Headers & { pax?: Record<string, string> }), content?: string]

async function archiveOf (...members: Member[]): Promise<Buffer> {
  const archive = pack()
  for (const [header, content = ''] of members) archive.entry(typeof header === 'string' ? { name: header } : header, content)
  archive.finalize()
  return await buffer(archive)
}

function scratch (t: TestContext): string {
  const root = mkdtempSync(join(tmpdir(), 'ghostserve-shards-'))
  t.after(() => rmSync(root, { recursive: true }))
  return root
}

function write (root: string, file: string, bytes: Buffer): string {
  writeFileSync(join(root, file), bytes)
  return join(root, file)
}

const list = async (path: string) => await listLabelledImages(path, labels)

test('images and their classes come in the order of the shards, and are read where they lie', async (t) => {
  const root = scratch(t)
  write(root, 'val-000001.tar', await archiveOf(['c.webp', 'third'], ['c.cls', '1']))
  write(root, 'val-000000.tar', await archiveOf(['a.jpg', 'first'], ['a.cls', '2\n'], ['a.json', '{}'], ['sub/b.cls', '0'], ['sub/b.PNG', 'second']))
  const images = await list(root)
  assert.deepEqual(images.map(({ name, classIndex }) => [name, classIndex]), [['val-000000.tar/a', 2], ['val-000000.tar/sub/b', 0], ['val-000001.tar/c', 1]])
  assert.deepEqual((await Promise.all(images.map(async ({ read }) => await read()))).map(String), ['first', 'second', 'third'])
  assert.equal((await list(join(root, 'val-000001.tar'))).length, 1)
})

test('where there are shards called val, they are the data set', async (t) => {
  const root = scratch(t)
  for (const shard of ['train-0', 'val-0']) write(root, `${shard}.tar`, await archiveOf(['a.jpg', shard], ['a.cls', '0']))
  assert.deepEqual((await list(root)).map(({ name }) => name), ['val-0.tar/a'])
})

test('a name is only a name, wherever it points', async (t) => {
  const root = scratch(t)
  const longName = `${'x'.repeat(300)}/../../etc/passwd`
  const shard = write(root, 'a.tar', await archiveOf(['../../escape.jpg', 'bytes'], ['../../escape.cls', '1'], [`${longName}.jpg`, 'long'], [`${longName}.cls`, '2']))
  const images = await list(shard)
  assert.deepEqual(images.map(({ name }) => name), ['a.tar/../../escape', `a.tar/${longName}`])
  assert.deepEqual((await Promise.all(images.map(async ({ read }) => await read()))).map(String), ['bytes', 'long'])
  assert.deepEqual(readdirSync(root), ['a.tar'])
})

test('links and folders are no images', async (t) => {
  const shard = write(scratch(t), 'a.tar', await archiveOf(
    [{ name: 'a.jpg', type: 'symlink', linkname: '/etc/passwd' }], [{ name: 'b.jpg', type: 'link', linkname: 'c.jpg' }], [{ name: 'c.jpg', type: 'directory' }]))
  await assert.rejects(list(shard), /Expected labelled images in .* found none/)
})

suite('rejected is', () => {
  const sound: Member[] = [['a.jpg', 'bytes'], ['a.cls', '1']]
  const hostile: Record<string, [members: Member[], message: RegExp]> = {
    'an image without a class': [[['a.jpg', 'bytes']], /Expected a class for the image of "a" of .*, found no \.cls/],
    'a class without an image': [[['a.cls', '1']], /Expected an image for the class of "a"/],
    'a second image of a key': [[...sound, ['a.png', 'other']], /got a second one in "a\.png"/],
    'a second class of a key': [[...sound, ['a.cls', '1']], /got a second one in "a\.cls"/],
    'a class beyond the model\'s': [[['a.jpg', ''], ['a.cls', '3']], /Expected a class index from 0 to 2 .* got "3"/],
    'a class that is negative': [[['a.jpg', ''], ['a.cls', '-1']], /got "-1"/],
    'a class that is a word': [[['a.jpg', ''], ['a.cls', 'one']], /got "one"/],
    'a class that is long': [[['a.jpg', ''], ['a.cls', '0'.repeat(1000)]], /Expected at most 16 bytes .* got 1000/],
  }
  for (const [what, [members, message]] of Object.entries(hostile)) {
    test(what, async (t) => {
      await assert.rejects(list(write(scratch(t), 'a.tar', await archiveOf(...members))), { name: 'UsageError', message })
    })
  }

  test('an archive that ends early', async (t) => {
    const archive = await archiveOf(['a.jpg', 'x'.repeat(5000)], ['a.cls', '1'])
    await assert.rejects(list(write(scratch(t), 'a.tar', archive.subarray(0, 3000))), { name: 'UsageError', message: /Expected at most \d+ bytes in "a\.jpg" .* got 5000/ })
    await assert.rejects(list(write(scratch(t), 'a.tar', (await archiveOf(...sound)).subarray(0, 1024 + 512 + 100))), { name: 'UsageError' })
  })

  test('an image that says it has more bytes than the archive, in its header or in an extended one', async (t) => {
    const forged: Member = [{ name: 'a.jpg', size: 5, pax: { size: String(2 ** 40) } }, 'bytes']
    await assert.rejects(list(write(scratch(t), 'a.tar', await archiveOf(forged, ['a.cls', '1']))), { name: 'UsageError', message: /in "a\.jpg" .* got 1099511627776/ })
    const nan: Member = [{ name: 'a.jpg', size: 5, pax: { size: 'many' } }, 'bytes']
    await assert.rejects(list(write(scratch(t), 'a.tar', await archiveOf(nan, ['a.cls', '1']))), { name: 'UsageError', message: /got NaN/ })
  })

  test('what is no archive at all', async (t) => {
    await assert.rejects(list(write(scratch(t), 'a.tar', Buffer.alloc(2048, 'x'))), { name: 'UsageError', message: /Expected .*a\.tar to be a complete tar archive, but / })
  })
})
